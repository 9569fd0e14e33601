package db

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// fill commits that many pages, ten at a time.
func (d *DB) fill(t *testing.T, pages int) {
	t.Helper()
	err := d.write(t.Context(), func(t tx) error {
		_, err := t.Exec(`CREATE TABLE IF NOT EXISTS filling (page BLOB NOT NULL) STRICT`)
		return err
	})
	for ; pages > 0 && err == nil; pages -= 10 {
		err = d.write(t.Context(), func(t tx) error {
			_, err := t.Exec(`INSERT INTO filling VALUES (randomblob(40000))`)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// left is how many pages of the log are not copied.
func (d *DB) left(t *testing.T) int {
	t.Helper()
	left, err := checkpoint(t.Context(), d.reader, "NOOP")
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestALongLogIsCopiedBesideTheWriter(t *testing.T) {
	d := opened(t, t.TempDir())
	d.fill(t, 3*copierPages) // too little for the writer to do it by itself
	for started := time.Now(); d.left(t) >= copierPages; runtime.Gosched() {
		if time.Since(started) > 20*time.Second {
			t.Fatalf("%d pages are not copied", d.left(t))
		}
	}
}

func TestAShortLogIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	d.fill(t, copierPages/2)
	if err := d.copier.stop(); err != nil { // it has looked at the last commit, or never will
		t.Fatal(err)
	}
	d.copier = nil
	if left := d.left(t); left < copierPages/2 {
		t.Errorf("%d pages are left", left)
	}
}

func TestALogThatIsNeverCopiedWholeBesideTheWriterIsCopiedByIt(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	if err := d.copier.stop(); err != nil {
		t.Fatal(err)
	}
	d.copier = nil
	d.fill(t, 2*writerCheckpoint)
	log, err := os.Stat(filepath.Join(dir, FileName+"-wal"))
	if err != nil || log.Size() > (writerCheckpoint+1000)*4200 {
		t.Errorf("the log has %d bytes, %v", log.Size(), err)
	}
}

func TestClosingStopsTheCopier(t *testing.T) {
	before := goleak.IgnoreCurrent()
	d := opened(t, t.TempDir())
	d.fill(t, 2*copierPages)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}

func TestNobodyCopiesBesideARunningFairlead(t *testing.T) {
	dir := t.TempDir()
	opened(t, dir)
	beside, err := open(t, Options{Dir: dir, Beside: true})
	if err != nil || beside.copier != nil {
		t.Errorf("a copier runs, %v", err)
	}
}
