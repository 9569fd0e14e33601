package gitprovider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"fairlead"
)

// maxSkew is how far two clocks may differ before it is worth a word.
const maxSkew = 2 * time.Minute

// diagnose names the cause of a failure that has nothing to do with what was asked: no connection, no certificate, not
// the host, too many calls, the host's own trouble. It returns nil if the answer is the host's own, readable answer.
func (t *trace) diagnose(k fairlead.Kind) *fairlead.Diagnosis {
	a := t.last()
	var d *fairlead.Diagnosis
	switch {
	case errors.Is(a.err, errTooLong):
		d = unexpected(k, a)
	case a.err != nil:
		d = diagnoseConnection(k, a)
	case a.status == http.StatusTooManyRequests:
		d = rateLimited(k, a)
	case a.status >= 500:
		d = hostError(k, a)
	case isHTML(a) || a.status/100 == 3:
		d = notTheHost(k, a)
	default:
		return nil
	}
	return t.finish(d, fairlead.RungReach)
}

// finish adds what every diagnosis has: the rung, the time, and what the host answered.
func (t *trace) finish(d *fairlead.Diagnosis, rung fairlead.Rung) *fairlead.Diagnosis {
	d.Rung = rung
	d.At = t.client.clock()
	if a := t.last(); a.url != nil {
		d.Answers = []fairlead.Answer{t.shown(a)}
	}
	return d
}

func diagnoseConnection(k fairlead.Kind, a answer) *fairlead.Diagnosis {
	var (
		host      = a.url.Hostname()
		dns       *net.DNSError
		untrusted *tls.CertificateVerificationError
		plain     tls.RecordHeaderError
		timeout   net.Error
		dial      *net.OpError
	)
	switch {
	case errors.As(a.err, &dial) && dial.Op == "proxyconnect":
		return proxyFailed()
	case errors.Is(a.err, ssrf.ErrProhibitedIP) || errors.Is(a.err, ssrf.ErrProhibitedNetwork) || errors.Is(a.err, ssrf.ErrProhibitedPort):
		return addressNotAllowed(host)
	case errors.As(a.err, &dns):
		return dnsFailed(host, dns)
	case errors.As(a.err, &untrusted):
		return tlsUntrusted(host, untrusted)
	case errors.As(a.err, &plain):
		return notTheHost(k, a)
	case errors.Is(a.err, syscall.ECONNREFUSED):
		return connectionRefused(host, port(a))
	case errors.Is(a.err, os.ErrDeadlineExceeded) || errors.As(a.err, &timeout) && timeout.Timeout():
		return timedOut(host, port(a), a.took)
	}
	return unreachable(host, port(a))
}

func port(a answer) string {
	if p := a.url.Port(); p != "" {
		return p
	}
	if a.url.Scheme == "http" {
		return "80"
	}
	return "443"
}

func isHTML(a answer) bool {
	if strings.Contains(strings.ToLower(a.header.Get("Content-Type")), "html") {
		return true
	}
	start := strings.ToLower(strings.TrimSpace(string(a.body[:min(len(a.body), 64)])))
	return strings.HasPrefix(start, "<!doctype") || strings.HasPrefix(start, "<html")
}

func statusLine(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

func dnsFailed(host string, dns *net.DNSError) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisDNS,
		Title:   "Fairlead cannot find " + host,
		Because: "The name does not resolve on the server that Fairlead runs on.",
		Fix: []string{
			"On that server, look the name up: `getent hosts " + host + "`.",
			"If that finds nothing, mend the server’s name resolution (`/etc/resolv.conf`), or set `HTTPS_PROXY` if it reaches the internet through a proxy.",
			"Try again.",
		},
	}
	if dns.IsTimeout {
		d.Because = "The name servers of the server that Fairlead runs on did not answer."
	}
	return d
}

// proxyFailed is for everything that goes wrong before the proxy was reached: the host itself was not asked.
func proxyFailed() *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisProxy,
		Title:   "The proxy that this server is set to use cannot be reached",
		Because: "The environment names a proxy (`HTTPS_PROXY`), and the connection to it failed. The Git host itself was not asked.",
		Fix: []string{
			"Check what `HTTPS_PROXY` says where Fairlead is started, and that the proxy runs.",
			"If this server reaches the internet without a proxy, remove it, or name the host in `NO_PROXY`.",
			"Start Fairlead again, then try again.",
		},
		Hints: []string{"A proxy on this machine itself is called only with `--allow-loopback-hosts`."},
	}
}

func connectionRefused(host, port string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisRefused,
		Title:   fmt.Sprintf("%s refuses connections on port %s", host, port),
		Because: "The machine answered at once that nothing listens there, or a firewall answered for it.",
		Fix: []string{
			"On the server that Fairlead runs on, try `curl -v https://" + host + ":" + port + "/`.",
			"If that is refused too, a firewall or proxy stands in between, or the host is down: allow the way out, or set `HTTPS_PROXY`.",
			"Try again.",
		},
	}
}

func timedOut(host, port string, took time.Duration) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisTimeout,
		Title:   fmt.Sprintf("%s does not answer on port %s", host, port),
		Because: fmt.Sprintf("No answer came within %s.", seconds(took)),
		Fix: []string{
			"Check the firewall between this server and " + host + ": dropped packets look like this.",
			"If the server reaches the internet only through a proxy, set `HTTPS_PROXY` and start Fairlead again.",
			"Try again: a host that is only slow may answer now.",
		},
	}
}

func unreachable(host, port string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisUnreachable,
		Title:   fmt.Sprintf("The connection to %s broke off", host),
		Because: fmt.Sprintf("A connection to port %s could not be made, or ended before an answer came.", port),
		Fix: []string{
			"Try again: this is often gone a moment later.",
			"If it stays, look at what stands between this server and " + host + ": a firewall, a proxy, a VPN.",
		},
	}
}

func addressNotAllowed(host string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisAddressNotAllowed,
		Title:   host + " points to an address that Fairlead does not call",
		Because: "The name resolves to this machine itself, or to a link-local or otherwise reserved address.",
		Fix: []string{
			"Check what the name resolves to: `getent hosts " + host + "`.",
			"If the host really runs on this machine, start Fairlead with `--allow-loopback-hosts`. Link-local addresses are never called.",
		},
	}
}

func tlsUntrusted(host string, e *tls.CertificateVerificationError) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:  fairlead.DiagnosisTLSUntrusted,
		Title: "The certificate of " + host + " is not trusted here",
		Fix: []string{
			"Look at the certificates below: is it your company’s proxy that inspects traffic, or the host itself?",
			"Put the issuing CA’s certificate and the system’s into one PEM file and start Fairlead with `SSL_CERT_FILE` set to it.",
			"Try again.",
		},
	}
	for _, c := range e.UnverifiedCertificates {
		d.Chain = append(d.Chain, fairlead.Certificate{Subject: nameOf(c.Subject.CommonName, c.DNSNames), Issuer: nameOf(c.Issuer.CommonName, nil), NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	var (
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(e.Err, &name):
		d.Because = "It is for another name: " + strings.Join(name.Certificate.DNSNames, ", ") + "."
		d.Fix[1] = "Reach the host under the name in its certificate, or have the certificate renewed with this name."
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		d.Because = "It has expired or is not valid yet, by the clock of this server."
		d.Fix[1] = "Check this server’s clock with `date`; if it is right, the host’s certificate needs renewal."
	case len(d.Chain) > 0:
		d.Because = "It was issued by " + d.Chain[len(d.Chain)-1].Issuer + ", which is not among the CAs that this server trusts."
	default:
		d.Because = "It was issued by a CA that this server does not trust."
	}
	return d
}

func nameOf(commonName string, names []string) string {
	if commonName == "" && len(names) > 0 {
		return names[0]
	}
	return commonName
}

func notTheHost(k fairlead.Kind, a answer) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisNotTheHost,
		Title:   "What answers at " + a.url.Host + " does not look like " + k.Name,
		Because: "Fairlead asked the programming interface and got a web page or something else that it cannot read.",
		Fix: []string{
			"Look at the answer below: a sign-in page of a network, a proxy’s warning, or a page of " + k.Name + " itself?",
			"If something stands in between, let this server reach " + a.url.Hostname() + " directly, or set `HTTPS_PROXY`.",
			"Try again.",
		},
	}
}

// maxRetryAfter bounds what a host can ask for: more is no advice but a mistake.
const maxRetryAfter = 24 * time.Hour

// retryAfter is what the host's Retry-After says (RFC 9110, section 10.2.3): seconds, or a date by the host's own clock; 0 if
// it says nothing.
func retryAfter(a answer) time.Duration {
	text := a.header.Get("Retry-After")
	wait := time.Duration(0)
	if s, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(s, int(maxRetryAfter/time.Second))) * time.Second
	} else if until, err := http.ParseTime(text); err == nil {
		now := a.at.Add(a.took)
		if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
			now = date
		}
		wait = until.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

func rateLimited(k fairlead.Kind, a answer) *fairlead.Diagnosis {
	wait, after := "Wait some minutes", retryAfter(a)
	if after > 0 {
		wait = "Wait " + seconds(after)
	}
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisRateLimited, RetryAfter: after,
		Title:   k.Host + " answers that there were too many calls",
		Because: "It answered " + statusLine(a.status) + ". Nothing was lost.",
		Fix: []string{
			wait + ", then try again.",
			"If it comes back at once, something else with the same address or account calls " + k.Host + " too often.",
		},
	}
}

func hostError(k fairlead.Kind, a answer) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:       fairlead.DiagnosisHostError,
		RetryAfter: retryAfter(a),
		Title:      k.Name + " has a problem",
		Because:    "It answered " + statusLine(a.status) + ". Nothing was lost.",
		Fix:        []string{"Wait some minutes, then try again."},
	}
	if k.StatusPage != "" {
		d.Fix = append(d.Fix, "If it stays, look at "+k.StatusPage+".")
	}
	return d
}

// unexpected is the honest end: the host answered, and nobody told us what it means.
func unexpected(k fairlead.Kind, a answer) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisUnexpectedAnswer,
		Title:   k.Host + " answered something that Fairlead does not know",
		Because: "It answered " + statusLine(a.status) + " to a call that normally works. The answer is below; Fairlead has no name for its cause.",
		Fix: []string{
			"Read the answer below: it may say what is missing.",
			"Try again. If it stays, report it with the answer.",
		},
	}
	switch {
	case a.err != nil:
		d.Because = "Its answer to a call that normally works was cut off: " + a.err.Error() + "."
		d.Fix = d.Fix[1:]
	case a.status/100 == 2:
		d.Because = "It answered " + statusLine(a.status) + ", but not with what this call normally returns. The answer is not shown, since it may hold a token."
		d.Fix = []string{"Look at what stands between this server and " + a.url.Hostname() + ": a proxy may have changed the answer.", d.Fix[1]}
	}
	return d
}

// clockSkew is a warning more than a failure: the admin may go on.
func clockSkew(k fairlead.Kind, skew time.Duration) *fairlead.Diagnosis {
	direction := "ahead"
	if skew < 0 {
		direction, skew = "behind", -skew
	}
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisClockSkew,
		Title:   fmt.Sprintf("The clock of this server is %s %s", seconds(skew), direction),
		Because: "Compared with the time in the answer of " + k.Name + ". Certificates, tokens and links are judged by the clock.",
		Fix: []string{
			"On the server that Fairlead runs on, compare `date -u` with the real time.",
			"Switch on time synchronization, for instance `timedatectl set-ntp true`.",
			"Choose **Next** again.",
		},
		Hints: []string{"If this server’s clock is right, the other one is wrong, and you can go on."},
	}
}

// seconds writes a duration for people.
func seconds(d time.Duration) string {
	switch {
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Round(time.Hour)/time.Hour))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Round(time.Minute)/time.Minute))
	case d >= 90*time.Second:
		return "2 minutes"
	case d.Round(time.Second) == time.Second:
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", int(d.Round(time.Second)/time.Second))
}
