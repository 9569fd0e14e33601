package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
)

// The two addresses are different sites, as in real life: on one site the browser would share cookies between them, and
// SameSite, COOP and the protection against foreign forms would go untested.
type demoCommand struct {
	Data            string `help:"Folder to keep everything in, the simulated Bitbucket too. Default: a temporary one that goes with the demo." env:"FAIRLEAD_DATA" placeholder:"DIR"`
	Listen          string `help:"Address of Fairlead (default ${default})." default:"127.0.0.1:7400" env:"FAIRLEAD_LISTEN" placeholder:"HOST:PORT"`
	BitbucketListen string `help:"Address of the simulated Bitbucket (default ${default})." default:"localhost:7401" env:"FAIRLEAD_BITBUCKET_LISTEN" placeholder:"HOST:PORT"`
}

// Run serves both until the context ends.
func (c demoCommand) Run(ctx context.Context, o output) (err error) {
	if c.Data == "" {
		if c.Data, err = os.MkdirTemp("", "fairlead-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Data)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return usagef("cannot make the data folder %s: %w", c.Data, err)
	}
	sim, err := c.startBitbucket()
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err = errors.Join(err, sim.Close(stopping))
	}()
	a, err := c.openApp(ctx, sim, o)
	if err != nil {
		return err
	}
	defer a.close()
	if err := c.print(ctx, a, sim, o); err != nil {
		return err
	}
	return a.serve(ctx)
}

func (c demoCommand) startBitbucket() (*bitbucketsim.Sim, error) {
	sim, err := bitbucketsim.New(bitbucketsim.Options{StateFile: filepath.Join(c.Data, "bitbucket.json")})
	if err != nil {
		return nil, usageError{err}
	}
	if err := sim.Start(c.BitbucketListen); err != nil {
		return nil, usagef("cannot listen on %s: %w; choose another address with --bitbucket-listen", c.BitbucketListen, cause(err))
	}
	return sim, nil
}

// openApp wires Fairlead with the simulated Bitbucket in the place of the real one. Its calls go to the simulator's
// second listener, which speaks TLS with a CA of its own and can be made to fail.
func (c demoCommand) openApp(ctx context.Context, sim *bitbucketsim.Sim, o output) (*app, error) {
	external, err := parseExternalURL("", c.Listen)
	if err != nil {
		return nil, err
	}
	client := gitprovider.NewClient(gitprovider.ClientOptions{AllowLoopback: true, RootCAs: sim.CertPool(), Clock: time.Now, Random: fairlead.SystemRandom()})
	host := &gitprovider.BitbucketCloud{
		Client: client, Web: sim.WebURL(), Site: sim.BackendURL(), API: sim.BackendURL() + "/2.0", ReachesPrivate: true,
	}
	return openApp(ctx, appConfig{data: c.Data, listen: c.Listen, externalURL: external, hosts: gitprovider.Registry{host},
		log: slog.New(slog.NewTextHandler(o.err, nil))})
}

func (c demoCommand) print(ctx context.Context, a *app, sim *bitbucketsim.Sim, o output) error {
	fmt.Fprintf(o.out, "Fairlead is at %s\n", a.config.externalURL)
	if err := a.printFirstOwnerLink(ctx, o); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "The simulated Bitbucket is at %s (what goes wrong there: %s/simulator)\n", sim.WebURL(), sim.WebURL())
	fmt.Fprintln(o.out, "Its accounts:")
	for _, account := range bitbucketsim.Accounts() {
		fmt.Fprintf(o.out, "  %-16s %-28s password %s\n", account.Name, account.Email, account.Password)
	}
	_, err := fmt.Fprintln(o.out, "Stop with Ctrl-C.")
	return err
}
