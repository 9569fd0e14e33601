package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// request is a request that is sent again and again, as bytes.
type request struct {
	name   string
	method string
	path   string
	status int // of the expected answer
	header http.Header
	body   string
}

// bytes is the request as it goes over the wire to a host.
func (q request) bytes(host string) []byte {
	var b bytes.Buffer
	b.Grow(1<<10 + len(q.body))
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", q.method, q.path, host)
	_ = q.header.Write(&b)
	if q.method == http.MethodPost && q.header.Get("Content-Type") == "" {
		b.WriteString("Content-Type: application/x-www-form-urlencoded\r\n")
	}
	if q.method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(q.body))
	}
	b.WriteString("\r\n")
	b.WriteString(q.body)
	return b.Bytes()
}

// line is one kept-alive connection. It reads answers with hardly any work, because the load shares the cores with the
// server that it measures.
type line struct {
	conn   net.Conn
	reader *bufio.Reader
}

func dial(address string) (*line, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &line{conn, bufio.NewReaderSize(conn, 16<<10)}, nil
}

// ask sends a request and reads the whole answer.
func (l *line) ask(message []byte) (status int, err error) {
	if _, err := l.conn.Write(message); err != nil {
		return 0, err
	}
	return readAnswer(l.reader)
}

// exchange asks and expects a status.
func (l *line) exchange(message []byte, status int) error {
	got, err := l.ask(message)
	if err == nil && got != status {
		err = fmt.Errorf("got status %d, want %d: %s", got, status, bytes.SplitN(message, []byte("\r\n"), 2)[0])
	}
	return err
}

// readAnswer reads an answer and drops its body.
func readAnswer(r *bufio.Reader) (status int, err error) {
	first, err := readLine(r)
	if err != nil {
		return 0, err
	}
	if len(first) < 12 {
		return 0, fmt.Errorf("not a status line: %q", first)
	}
	if status, err = strconv.Atoi(string(first[9:12])); err != nil {
		return 0, err
	}
	length, chunked := -1, false
	for {
		field, err := readLine(r)
		if err != nil {
			return status, err
		}
		if len(field) == 0 {
			break
		}
		name, value, _ := bytes.Cut(field, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return status, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		return status, nil
	case chunked:
		return status, dropChunks(r)
	case length >= 0:
		_, err = r.Discard(length)
		return status, err
	}
	return status, errors.New("an answer without a length")
}

func dropChunks(r *bufio.Reader) error {
	for {
		size, err := readLine(r)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(size), 16, 32)
		if err != nil {
			return err
		}
		if _, err := r.Discard(int(n) + len("\r\n")); err != nil || n == 0 {
			return err
		}
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	text, err := r.ReadSlice('\n')
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return bytes.TrimRight(text, "\r\n"), nil
}

// lines are connections to one server; more are opened when all are busy.
type lines struct {
	address string
	mu      sync.Mutex
	idle    []*line
}

func (p *lines) take() (*line, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		l := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return l, nil
	}
	return dial(p.address)
}

func (p *lines) put(l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, l)
}

func (p *lines) close() {
	for _, l := range p.idle {
		_ = l.conn.Close()
	}
}
