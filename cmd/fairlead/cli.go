package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it ran and failed
	exitUsage  = 2 // the configuration, the arguments or the data folder are not usable
)

type commands struct {
	Serve     serveCommand     `cmd:"" help:"Serve Fairlead."`
	Demo      demoCommand      `cmd:"" help:"Serve Fairlead with a simulated Bitbucket beside it, to try everything without an account."`
	OwnerLink ownerLinkCommand `cmd:"" help:"Print a one-time link for a workspace owner who lost the password."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
	developerCommands
}

const description = `Fairlead connects a team's Git hosts: an admin connects a host once, in a browser, and sees that it works.

Try it: fairlead demo`

// output is where a command prints.
type output struct{ out, err io.Writer }

// usageError is a configuration that cannot work; its text is one line for the person who starts Fairlead.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var (
		parsed commands
		asked  = -1 // the exit code that --help asks for
	)
	parser, err := kong.New(&parsed, kong.Name("fairlead"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { asked = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(output{stdout, stderr}))
	if err != nil {
		fmt.Fprintln(stderr, "fairlead:", err)
		return exitFailed
	}
	selected, err := parser.Parse(args)
	if asked >= 0 {
		return asked
	}
	if err != nil {
		fmt.Fprintf(stderr, "fairlead: %v (see fairlead --help)\n", err)
		return exitUsage
	}
	if err := selected.Run(); err != nil {
		fmt.Fprintln(stderr, "fairlead:", err)
		var usage usageError
		if errors.As(err, &usage) {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}
