// Command bench measures the real binary against its bounds, and beside it, in the same run, a bare net/http server that
// sends the very same bytes, and a bare loop of commits of the very same rows. Run it as "task bench"; with --write it
// rewrites the figures in docs/benchmarks.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

type options struct {
	rounds   int
	load     time.Duration
	starts   int
	idle     time.Duration
	kills    int
	burst    int
	rows     int
	seed     uint64
	write    bool
	binary   string
	document string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == floorCommand {
		return serveFloor(ctx, args[1:], os.Stdin, os.Stdout)
	}
	if len(args) > 0 && args[0] == commitsCommand {
		return serveCommits(ctx, args[1:], os.Stdin, os.Stdout)
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of load; each measures the floor and the product")
	flags.DurationVar(&o.load, "load", 10*time.Second, "how long each load of a round takes; under 18s, so that a waiting setup stays as it is")
	flags.IntVar(&o.starts, "starts", 21, "starts to measure")
	flags.DurationVar(&o.idle, "idle", time.Minute, "rest before the memory is read")
	flags.IntVar(&o.kills, "kills", 100, "times that the product is killed while deliveries come")
	flags.IntVar(&o.burst, "burst", 10_000, "deliveries that come meanwhile")
	flags.IntVar(&o.rows, "rows", 1_000_000, "deliveries of the long log")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of the random points at which the product is killed")
	flags.BoolVar(&o.write, "write", false, "rewrite the figures in the document")
	flags.StringVar(&o.document, "document", "docs/benchmarks.md", "the document")
	flags.StringVar(&o.binary, "binary", "", "measure this binary instead of building one")
	_ = flags.Parse(args) // it exits
	// The load generator must not wait for a processor of its own scheduler; the cores stay the machine's.
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	debug.SetGCPercent(400) // nor spend on its own garbage what the server could use
	report, err := measure(ctx, o)
	if err != nil {
		return err
	}
	text := report.markdown()
	fmt.Print(text)
	if o.write {
		return writeFigures(o.document, text)
	}
	return nil
}
