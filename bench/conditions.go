package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// conditions are what a figure depends on beside the code.
type conditions struct {
	processor string
	cores     int
	goVersion string
	kernel    string
	date      string
	commit    string
	busy      float64 // share of the cores that others used just before the run
}

// observe looks at the machine, for three seconds.
func observe() conditions {
	c := conditions{
		processor: "unknown", cores: runtime.NumCPU(), goVersion: runtime.Version(), kernel: "unknown",
		date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), commit: "unknown", busy: -1,
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		c.processor = cpuModel(string(text))
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		c.kernel = strings.TrimSpace(string(text))
	}
	if text, err := exec.Command("git", "describe", "--tags", "--always", "--dirty").Output(); err == nil {
		c.commit = strings.TrimSpace(string(text))
	}
	busyBefore, allBefore, err := cpuTimes()
	time.Sleep(3 * time.Second)
	busyAfter, allAfter, errAfter := cpuTimes()
	if errors.Join(err, errAfter) == nil && allAfter > allBefore {
		c.busy = float64(busyAfter-busyBefore) / float64(allAfter-allBefore)
	}
	return c
}

func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func cpuTimes() (busy, all int64, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	return parseCPUTimes(string(text))
}

// parseCPUTimes reads the first line of /proc/stat: user, nice, system, idle, waiting for disks, and more.
func parseCPUTimes(stat string) (busy, all int64, err error) {
	first, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(first)
	if len(fields) < 6 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("not the line of all processors: %q", first)
	}
	for i, field := range fields[1:min(len(fields), 9)] { // what follows is counted in user and nice already
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		all += n
		if i != 3 && i != 4 {
			busy += n
		}
	}
	return busy, all, nil
}
