package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
)

// devtools speaks the DevTools protocol with one browser over two pipes: JSON messages that end with a zero byte
// (chromedevtools.github.io/devtools-protocol; --remote-debugging-pipe). No port is opened, so that nobody else can
// drive the browser, and no library is needed.
type devtools struct {
	write *os.File
	ended chan struct{} // closed once the browser says nothing more

	mu       sync.Mutex // guards what is below, and whole messages on write
	serial   int
	waiting  map[int]chan message
	sessions map[string]func(message) // the pages that listen to events
}

// message is a call, its answer, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
		Data    string `json:"data"`
	} `json:"error,omitempty"`
}

// connect starts the command with the two pipes as its files 3 and 4.
func connect(cmd *exec.Cmd) (*devtools, error) {
	theirRead, ourWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ourRead, theirWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{theirRead, theirWrite}
	err = cmd.Start()
	_ = theirRead.Close() // the browser has its own by now; ours would keep the pipes open after its end
	_ = theirWrite.Close()
	if err != nil {
		_ = ourRead.Close()
		_ = ourWrite.Close()
		return nil, err
	}
	d := &devtools{
		write: ourWrite, ended: make(chan struct{}),
		waiting: map[int]chan message{}, sessions: map[string]func(message){},
	}
	go d.listen(ourRead)
	return d, nil
}

func (d *devtools) listen(from *os.File) {
	defer close(d.ended)
	defer func() { _ = from.Close() }()
	for reader := bufio.NewReader(from); ; {
		text, err := reader.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m); err != nil {
			return
		}
		d.mu.Lock()
		answer, event := d.waiting[m.ID], d.sessions[m.Session]
		delete(d.waiting, m.ID)
		d.mu.Unlock()
		switch {
		case answer != nil:
			answer <- m
		case event != nil:
			event(m)
		}
	}
}

// call sends one command, to a page's session or to the browser itself (""), and waits for its answer.
func (d *devtools) call(ctx context.Context, session, method string, params, into any) error {
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	answer := make(chan message, 1)
	d.mu.Lock()
	d.serial++
	m := message{ID: d.serial, Session: session, Method: method, Params: text}
	d.waiting[m.ID] = answer
	if text, err = json.Marshal(m); err == nil {
		_, err = d.write.Write(append(text, 0))
	}
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m = <-answer:
	case <-d.ended:
		return fmt.Errorf("%s: %w", method, errors.New("the browser has ended"))
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
	if m.Error != nil {
		return fmt.Errorf("%s: %s %s", method, m.Error.Message, m.Error.Data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(m.Result, into)
}

// hear lets a function have the events of a session; it must not call the browser.
func (d *devtools) hear(session string, event func(message)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions[session] = event
}
