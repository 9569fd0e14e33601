package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fairlead"
	"fairlead/accounts"
	"fairlead/db"
)

type ownerLinkCommand struct {
	dataFlags
	Listen      string `help:"The listen address of the running Fairlead, for the link." env:"FAIRLEAD_LISTEN" placeholder:"HOST:PORT"`
	ExternalURL string `help:"The external URL of the running Fairlead, for the link. Default: the one that it was last started with." env:"FAIRLEAD_EXTERNAL_URL" placeholder:"URL"`
	Email       string `arg:"" optional:"" help:"E-mail of the owner. Not needed while there is only one."`
}

// Run prints the link. It works beside a running Fairlead.
func (c ownerLinkCommand) Run(ctx context.Context, o output) error {
	external, err := c.external()
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

// addressFile keeps the external URL of the last start in the data folder, for this link only: who lost a password should
// not have to remember the flags of a start as well.
const addressFile = "fairlead.url"

func keepAddress(data string, external *url.URL) error {
	return os.WriteFile(filepath.Join(data, addressFile), []byte(external.String()+"\n"), 0o600)
}

// external is where the link leads: as the flags say, else to where Fairlead was last started.
func (c ownerLinkCommand) external() (*url.URL, error) {
	if c.ExternalURL == "" && c.Listen == "" {
		kept, err := os.ReadFile(filepath.Join(c.Data, addressFile))
		if err != nil { // not started since it is kept
			c.Listen = "127.0.0.1:8080"
		}
		c.ExternalURL = strings.TrimSpace(string(kept))
	}
	return parseExternalURL(c.ExternalURL, c.Listen)
}

// plain is what the command line says of an error for people.
func plain(err error) error {
	if fields := fairlead.FieldsOf(err); len(fields) > 0 {
		return fmt.Errorf("%s", fields[0].Message)
	}
	return err
}
