package main

import (
	"context"
	"fmt"
	"time"

	"fairlead"
	"fairlead/accounts"
	"fairlead/db"
)

type ownerLinkCommand struct {
	dataFlags
	Listen      string `help:"The listen address of the running Fairlead, for the link (default ${default})." default:"127.0.0.1:8080" env:"FAIRLEAD_LISTEN" placeholder:"HOST:PORT"`
	ExternalURL string `help:"The external URL of the running Fairlead, for the link." env:"FAIRLEAD_EXTERNAL_URL" placeholder:"URL"`
	Email       string `arg:"" optional:"" help:"E-mail of the owner. Not needed while there is only one."`
}

// Run prints the link. It works beside a running Fairlead.
func (c ownerLinkCommand) Run(ctx context.Context, o output) error {
	external, err := parseExternalURL(c.ExternalURL, c.Listen)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Options{Dir: c.Data, KeyFile: c.KeyFile, Beside: true, Clock: time.Now, Random: fairlead.SystemRandom()})
	if err != nil {
		return usageError{err}
	}
	defer d.Close()
	link, err := accounts.New(d, time.Now, fairlead.SystemRandom()).NewOwnerLink(ctx, c.Email)
	if err != nil {
		return usageError{plain(err)}
	}
	_, err = fmt.Fprintf(o.out, "Set a new password for %s (works once, for an hour): %s/owner-link/%s\n", link.Email, external, link.Token.Reveal())
	return err
}

// plain is what the command line says of an error for people.
func plain(err error) error {
	if fields := fairlead.FieldsOf(err); len(fields) > 0 {
		return fmt.Errorf("%s", fields[0].Message)
	}
	return err
}
