package db

import (
	"context"
	"database/sql"
	"os"
)

// SQLite appends what is committed to a log and copies it into the database later, by itself in whichever commit finds the log
// long. That commit takes ten times as long as others, and deliveries wait for it. So the copying is done beside the writer.
const (
	pageSize    = 4096
	copierPages = 1000 // in the log and not yet copied: as long as SQLite lets it become by itself
	// The log begins anew only when all of it is copied at the begin of a write, which beside a writer that hardly rests does
	// not happen. A log of this length, 32 MB, is copied by the writer after all: most of it was copied already.
	writerCheckpoint = 8000
)

// copier copies the log into the database while others write and read.
type copier struct {
	log      string // its file
	pool     *sql.DB
	commits  chan struct{} // holds one: something was committed since the last look
	cancel   context.CancelFunc
	finished chan struct{}
}

func startCopier(path string) (*copier, error) {
	pool, err := openPool(plainDriver, path, 1, "_journal=WAL&_synchronous=FULL&"+keepPrepared)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &copier{log: path + "-wal", pool: pool, commits: make(chan struct{}, 1), cancel: cancel, finished: make(chan struct{})}
	go c.run(ctx)
	return c, nil
}

func (c *copier) wake() {
	select {
	case c.commits <- struct{}{}:
	default:
	}
}

func (c *copier) run(ctx context.Context) {
	defer close(c.finished)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.commits:
			c.look(ctx)
		}
	}
}

// look copies a log that is long. Failures need no log of their own: what is not copied now is copied after a later commit,
// and a disk that takes no more lets the next commit fail, which says so.
func (c *copier) look(ctx context.Context) {
	file, err := os.Stat(c.log)
	if err != nil || file.Size() < copierPages*pageSize {
		return // a Fairlead with little to do never opens this connection
	}
	if left, err := checkpoint(ctx, c.pool, "NOOP"); err == nil && left >= copierPages {
		_, _ = checkpoint(ctx, c.pool, "PASSIVE")
	}
}

// checkpoint copies as the mode says, NOOP nothing and PASSIVE without making anybody wait, and returns how many pages of
// the log are left.
func checkpoint(ctx context.Context, pool *sql.DB, mode string) (left int, err error) {
	var busy, pages, copied int
	err = pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &copied)
	return pages - copied, err
}

func (c *copier) stop() error {
	c.cancel()
	<-c.finished
	return c.pool.Close()
}
