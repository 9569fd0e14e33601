package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that was started and said where it is.
type process struct {
	command *exec.Cmd
	said    []string // its lines until it was ready
	exited  chan struct{}
}

const startPatience = 30 * time.Second

// start runs a server until it prints a line that matches ready. Its log goes to a file, as a service's log does.
func start(ctx context.Context, log string, stdin io.Reader, ready *regexp.Regexp, name string, args ...string) (*process, error) {
	stderr, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	p := &process{command: exec.CommandContext(ctx, name, args...), exited: make(chan struct{})}
	p.command.Stderr, p.command.Stdin = stderr, stdin
	p.command.Env = limitedEnv()
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	isReady := make(chan bool, 1)
	go func() {
		defer close(p.exited)
		isReady <- p.listen(stdout, ready)
		_, _ = io.Copy(io.Discard, stdout)
		_ = p.command.Wait()
	}()
	select {
	case ok := <-isReady:
		if ok {
			return p, nil
		}
		err = fmt.Errorf("%s %v ended early", name, args)
	case <-time.After(startPatience):
		err = fmt.Errorf("%s %v did not start in %s", name, args, startPatience)
	}
	p.stop()
	text, _ := os.ReadFile(log)
	return nil, fmt.Errorf("%w:\n%s", err, text)
}

// limitedEnv keeps a server to two cores: the bounds are for them, on machines with more of them too.
func limitedEnv() []string { return append(os.Environ(), "GOMAXPROCS=2") }

func (p *process) listen(stdout io.Reader, ready *regexp.Regexp) bool {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		p.said = append(p.said, lines.Text())
		if ready.MatchString(lines.Text()) {
			return true
		}
	}
	return false
}

// find returns the groups of the first line that matches.
func (p *process) find(pattern *regexp.Regexp) ([]string, error) {
	for _, line := range p.said {
		if groups := pattern.FindStringSubmatch(line); groups != nil {
			return groups[1:], nil
		}
	}
	return nil, fmt.Errorf("nothing like %q in %q", pattern, p.said)
}

// stop asks the server to end, and insists after a while.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(15 * time.Second):
		_ = p.command.Process.Kill()
		<-p.exited
	}
}

// kill ends the server as a crash does: nothing of it runs any more when this returns.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.exited
}

// resident is the memory of the process that is in RAM, in bytes.
func (p *process) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseResident(string(text))
}

func parseResident(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// worked is the processor time that the process has used.
func (p *process) worked() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseWorked(string(text))
}

// written is how much the process has sent to the disk, in bytes, its files' logs included.
func written(pid string) (int64, error) {
	text, err := os.ReadFile("/proc/" + pid + "/io")
	if err != nil {
		return 0, err
	}
	return parseWritten(string(text))
}

func parseWritten(io string) (int64, error) {
	for line := range strings.Lines(io) {
		if rest, ok := strings.CutPrefix(line, "write_bytes:"); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, errors.New("no write_bytes")
}

// The kernel counts in hundredths of a second for everybody who asks (USER_HZ).
const tick = 10 * time.Millisecond

func parseWorked(stat string) (time.Duration, error) {
	_, rest, ok := cutLast(stat, ")") // the name before it may hold anything
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, errors.New("not a stat line")
	}
	user, errUser := strconv.ParseInt(fields[11], 10, 64)
	system, errSystem := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(errUser, errSystem)
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// freeAddress is an address of this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
