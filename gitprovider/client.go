package gitprovider

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"fairlead"
)

// Timeout is how long one call to a host may take.
const Timeout = 10 * time.Second

// ClientOptions say what Fairlead may reach.
type ClientOptions struct {
	AllowLoopback bool                                  // hosts on this machine: the demo, and tests
	RootCAs       *x509.CertPool                        // nil = the system's, which SSL_CERT_FILE replaces
	Timeout       time.Duration                         // 0 = Timeout
	Proxy         func(*http.Request) (*url.URL, error) // nil = from the environment
	Clock         fairlead.Clock
	Random        fairlead.Random
}

// Client makes all calls to hosts: guarded addresses, time-outs, proxies from the environment, no cross-host redirects.
type Client struct {
	transport http.RoundTripper
	timeout   time.Duration
	clock     fairlead.Clock
	random    fairlead.Random
}

// NewClient builds the client that all hosts share.
func NewClient(o ClientOptions) *Client {
	if o.Timeout == 0 {
		o.Timeout = Timeout
	}
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	dialer := &net.Dialer{Timeout: o.Timeout, Control: guard(o.AllowLoopback)}
	return &Client{
		transport: &http.Transport{
			Proxy:                 o.Proxy,
			DialContext:           dialer.DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   o.Timeout,
			ResponseHeaderTimeout: o.Timeout,
			ForceAttemptHTTP2:     true,
			MaxIdleConnsPerHost:   4,
			IdleConnTimeout:       time.Minute,
		},
		timeout: o.Timeout,
		clock:   o.Clock,
		random:  o.Random,
	}
}

// metadata are the addresses of clouds' metadata services that lie inside the private ranges: AWS, Google, Alibaba.
var metadata = prefixes([]string{"fd00:ec2::/32", "fd20:ce::/32", "100.100.100.200/32"})

// guard refuses addresses after the name was resolved, so that no name can lead around it. Private ranges are allowed
// because self-hosted Git lives there; link-local and metadata addresses never are.
func guard(allowLoopback bool) func(network, address string, c syscall.RawConn) error {
	v4 := []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"}
	v6 := []string{"fc00::/7"}
	if allowLoopback {
		v4, v6 = append(v4, "127.0.0.0/8"), append(v6, "::1/128")
	}
	ranges := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(prefixes(v4)...), ssrf.WithAllowedV6Prefixes(prefixes(v6)...))
	return func(network, address string, c syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %s", ssrf.ErrProhibitedIP, address)
		}
		if slices.ContainsFunc(metadata, func(p netip.Prefix) bool { return p.Contains(to.Addr().Unmap()) }) {
			return fmt.Errorf("%w: %s is a metadata service", ssrf.ErrProhibitedIP, to.Addr())
		}
		return ranges.Safe(network, address, c)
	}
}

func prefixes(texts []string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}
