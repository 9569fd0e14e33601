package views

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestABrowserIsNamedInPlainWords(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                    "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":             "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0":                 "Opera on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                     "Safari on macOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                     "Chrome on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1":    "Chrome on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15": "Firefox on iPhone",
		"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":            "Safari on iPad",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":       "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                            "Chrome on ChromeOS",
		"curl/8.14.1":               "curl",
		"":                          "Unknown browser",
		"<script>alert(1)</script>": "Unknown browser",
		"Something (Linux)":         "Browser on Linux",
	} {
		if got := browserName(userAgent); got != want {
			t.Errorf("%s: got %q, want %q", userAgent, got, want)
		}
	}
}

func TestMomentsAreToldFromNow(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 41, 0, 0, time.UTC) // a Monday
	for back, want := range map[time.Duration]string{
		-time.Second:         "just now", // a clock that went back
		59 * time.Second:     "just now",
		time.Minute:          "1 minute ago",
		4 * time.Minute:      "4 minutes ago",
		time.Hour:            "1 hour ago",
		23 * time.Hour:       "23 hours ago",
		3 * 24 * time.Hour:   "Friday",
		10 * 24 * time.Hour:  "13 November",
		400 * 24 * time.Hour: "19 October 2025",
	} {
		if got := ago(now.Add(-back), now); got != want {
			t.Errorf("%s back: got %q, want %q", back, got, want)
		}
	}
}

func TestTheErrorSummaryLeadsToTheFirstButtonOfAChoice(t *testing.T) {
	var page strings.Builder
	errors := Errors{{Field: "role", Message: "Choose a role: owner or member"}}
	if err := InvitePage(Invite{Email: "ana@acme.example", Errors: errors}).Render(context.Background(), &page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`href="#role"`, `aria-describedby="role-error"`, `id="role-error"`, `autofocus id="role"`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %s in %s", want, page.String())
		}
	}
	if strings.Contains(page.String(), "checked") {
		t.Error("a role is chosen that nobody chose")
	}
}
