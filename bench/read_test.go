package main

import (
	"testing"
	"time"
)

func TestTheKernelsFilesAreRead(t *testing.T) {
	if got, err := parseResident("Name:\tx\nVmHWM:\t 9000 kB\nVmRSS:\t   4096 kB\n"); got != 4<<20 || err != nil {
		t.Errorf("memory: %d, %v", got, err)
	}
	stat := "12 (a ) b) S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 100 1 2"
	if got, err := parseWorked(stat); got != 3*time.Second || err != nil {
		t.Errorf("processor time: %s, %v", got, err)
	}
	if got, err := parseWritten("rchar: 9\nwrite_bytes: 4096\ncancelled_write_bytes: 1\n"); got != 4096 || err != nil {
		t.Errorf("written: %d, %v", got, err)
	}
	busy, all, err := parseCPUTimes("cpu  10 1 5 80 4 0 0 0 7 0\ncpu0 1\n")
	if busy != 16 || all != 100 || err != nil {
		t.Errorf("processors: %d of %d, %v", busy, all, err)
	}
	if got := cpuModel("processor\t: 0\nmodel name\t: AMD EPYC\n"); got != "AMD EPYC" {
		t.Errorf("model: %q", got)
	}
	for _, bad := range []string{"", "intr 1 2 3"} {
		if _, _, err := parseCPUTimes(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
		if _, err := parseWritten(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
		if _, err := parseWorked(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestOnlyTheFiguresOfTheDocumentAreReplaced(t *testing.T) {
	got, err := replaceFigures("before\n"+figuresBegin+"old\n"+figuresEnd+"after\n", "| new |\n")
	if want := "before\n" + figuresBegin + "\n| new |\n\n" + figuresEnd + "after\n"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := replaceFigures("no lines", "new"); err == nil {
		t.Error("a document without the lines was rewritten")
	}
}
