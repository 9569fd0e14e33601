package main

import (
	"runtime"
	"syscall"
	"time"
)

// waitUntil sleeps in the kernel: the Go runtime's own timers can be a millisecond late, which is a fifth of the bound.
func waitUntil(at time.Time) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for left := time.Until(at); left > 0; left = time.Until(at) {
		pause := syscall.NsecToTimespec(left.Nanoseconds())
		_ = syscall.Nanosleep(&pause, nil) // a signal cuts it short; then the rest is slept
	}
}
