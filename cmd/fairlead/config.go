package main

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// dataFlags say where the data is; serve and owner-link share them.
type dataFlags struct {
	Data    string `help:"Folder for the database and, by default, the key (default ${default})." default:"fairlead-data" env:"FAIRLEAD_DATA" placeholder:"DIR"`
	KeyFile string `help:"File with the key that seals secrets. Made on the first start. Default: fairlead.key in the data folder; elsewhere it stays out of backups of that folder." env:"FAIRLEAD_KEY_FILE" placeholder:"FILE"`
}

// parseExternalURL reads how browsers reach this installation. Without it, a listen address that names a host will do.
func parseExternalURL(typed, listen string) (*url.URL, error) {
	if typed == "" {
		host, port, err := net.SplitHostPort(listen)
		if err != nil {
			return nil, usagef("--listen %s is not an address such as 127.0.0.1:8080", listen)
		}
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			return nil, usagef("--external-url is needed, because --listen %s names no host that a browser could open", listen)
		}
		typed = "http://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(strings.TrimRight(typed, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, usagef("--external-url %s is not an address such as https://fairlead.example.com", typed)
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, usagef("--external-url %s has more than scheme, host and port; Fairlead needs a host name of its own", typed)
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// parseProxies reads the addresses from which X-Forwarded-For is believed.
func parseProxies(typed []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, one := range typed {
		prefix, err := netip.ParsePrefix(one)
		if ip, ipErr := netip.ParseAddr(one); err != nil && ipErr == nil {
			prefix, err = ip.Prefix(ip.BitLen())
		}
		if err != nil {
			return nil, usagef("--trusted-proxy %s is neither an IP address nor a prefix such as 10.0.0.0/8", one)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}
