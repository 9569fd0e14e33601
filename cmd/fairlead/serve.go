package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

type serveCommand struct {
	dataFlags
	Listen             string        `help:"Address to listen on (default ${default})." default:"127.0.0.1:8080" env:"FAIRLEAD_LISTEN" placeholder:"HOST:PORT"`
	ExternalURL        string        `help:"Address under which browsers and Git hosts reach Fairlead, such as https://fairlead.example.com. Default: http:// and the listen address." env:"FAIRLEAD_EXTERNAL_URL" placeholder:"URL"`
	TrustedProxy       []string      `help:"IP address or prefix of a reverse proxy whose X-Forwarded-For is believed. Repeat it or separate with commas." env:"FAIRLEAD_TRUSTED_PROXY" placeholder:"PREFIX"`
	KeepPayloads       time.Duration `help:"How long the payloads of deliveries are kept (default 90 days). Deliveries, pushes and verdicts stay." default:"2160h" env:"FAIRLEAD_KEEP_PAYLOADS" placeholder:"DURATION"`
	CatchUpEvery       time.Duration `help:"How often Fairlead asks for pushes the webhook missed (default ${default}, at least 1m)." default:"15m" env:"FAIRLEAD_CATCH_UP_EVERY" placeholder:"DURATION"`
	AllowLoopbackHosts bool          `help:"Let Fairlead call Git hosts on this machine." env:"FAIRLEAD_ALLOW_LOOPBACK_HOSTS"`
}

// Run serves until the context ends.
func (c serveCommand) Run(ctx context.Context, o output) error {
	external, err := parseExternalURL(c.ExternalURL, c.Listen)
	if err != nil {
		return err
	}
	proxies, err := parseProxies(c.TrustedProxy)
	if err != nil {
		return err
	}
	if err := c.checkDurations(); err != nil {
		return err
	}
	client := gitprovider.NewClient(gitprovider.ClientOptions{AllowLoopback: c.AllowLoopbackHosts, Clock: time.Now, Random: fairlead.SystemRandom()})
	a, err := openApp(ctx, appConfig{
		data: c.Data, keyFile: c.KeyFile, listen: c.Listen, externalURL: external, proxies: proxies,
		hosts: gitprovider.Registry{gitprovider.NewBitbucketCloud(client)}, catchUpEvery: c.CatchUpEvery, keepPayloads: c.KeepPayloads,
		log: slog.New(slog.NewTextHandler(o.err, nil)),
	})
	if err != nil {
		return err
	}
	defer a.close()
	fmt.Fprintf(o.out, "Fairlead is at %s\n", a.config.externalURL)
	if err := a.printFirstOwnerLink(ctx, o); err != nil {
		return err
	}
	return a.serve(ctx)
}

// checkDurations keeps both within what makes sense: a shorter round would use up what hosts allow.
func (c serveCommand) checkDurations() error {
	switch {
	case c.CatchUpEvery < time.Minute:
		return usagef("--catch-up-every %s is less than a minute", c.CatchUpEvery)
	case c.KeepPayloads < time.Hour:
		return usagef("--keep-payloads %s is less than an hour", c.KeepPayloads)
	}
	return nil
}
