package inbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"fairlead"
)

// BenchmarkBareCommit is what Receive is measured by: one transaction for each delivery, synchronous FULL, nothing else.
func BenchmarkBareCommit(b *testing.B) {
	bare, err := sql.Open("sqlite3", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_journal=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	bare.SetMaxOpenConns(1)
	if _, err := bare.Exec(`CREATE TABLE d (place INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB)`); err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 8<<10)
	for n := 0; b.Loop(); n++ {
		t, err := bare.Begin()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := t.Exec(`INSERT INTO d (id, body) VALUES (?, ?)`, fmt.Sprint(n), body); err != nil {
			b.Fatal(err)
		}
		if err := t.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// benchQuay prepares deliveries of 8 KB, which is what a push of a few commits has.
func benchQuay(b *testing.B) (send func(n int64)) {
	q := newQuay(b, fairlead.LinkRule{})
	body := append(pushBody(q.link.Repository), make([]byte, 8<<10)...)
	header := signed(q.link.Secret, "", body)
	return func(n int64) {
		h := header.Clone()
		h.Set("X-Request-Uuid", fmt.Sprint(n))
		if _, err := q.deliver(context.Background(), q.link.ID, h, body, "192.0.2.1"); err != nil {
			b.Error(err)
		}
	}
}

func BenchmarkReceive(b *testing.B) {
	for _, senders := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			send := benchQuay(b)
			var next atomic.Int64
			var group sync.WaitGroup
			b.ResetTimer()
			for range senders {
				group.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						send(n)
					}
				})
			}
			group.Wait()
		})
	}
}

// BenchmarkReceiveAtARate sends 500 a second, whatever the answers take, and reports the middle and the slowest hundredth.
func BenchmarkReceiveAtARate(b *testing.B) {
	send := benchQuay(b)
	var mu sync.Mutex
	var took []time.Duration
	var group sync.WaitGroup
	b.ResetTimer()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for n := range int64(b.N) {
		<-ticker.C
		group.Go(func() {
			began := time.Now()
			send(n)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
		})
	}
	group.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
}
