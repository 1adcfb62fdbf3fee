package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// states is a backend "http" for any number of states, in memory.
type states struct {
	server *http.Server
	base   string

	mu    sync.Mutex
	texts map[string]string
}

func newStates() (*states, error) {
	s := &states{texts: map[string]string{}}
	var err error
	s.server, s.base, err = serve(s)
	return s, err
}

// serve serves on a free loopback port.
func serve(handler http.Handler) (*http.Server, string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with close
	return server, "http://" + listener.Addr().String(), nil
}

func (s *states) close() { _ = s.server.Close() }

func (s *states) address(name string) string { return s.base + "/" + name }

func (s *states) get(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[name]
}

func (s *states) put(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[name] = text
}

func (s *states) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch r.Method {
	case http.MethodGet:
		text := s.get(name)
		if text == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	case http.MethodPost:
		text, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.put(name, string(text))
	case http.MethodDelete:
		s.put(name, "")
	default:
		http.Error(w, "not supported", http.StatusMethodNotAllowed)
	}
}

// growState turns the state of some terraform_data by count into that of n, as an apply would have written it.
func growState(text string, n int) (string, error) {
	var state, resource map[string]json.RawMessage
	var resources []map[string]json.RawMessage
	var instances []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return "", err
	}
	if err := json.Unmarshal(state["resources"], &resources); err != nil || len(resources) != 1 {
		return "", errors.New("the state to grow does not hold just one resource")
	}
	resource = resources[0]
	if err := json.Unmarshal(resource["instances"], &instances); err != nil || len(instances) == 0 {
		return "", errors.New("the state to grow holds no instance")
	}

	pattern := string(instances[0]["attributes"])
	var first int
	if err := json.Unmarshal(instances[0]["index_key"], &first); err != nil {
		return "", fmt.Errorf("the instances of the state to grow have no numbers: %w", err)
	}
	grown := make([]map[string]json.RawMessage, n)
	for i := range grown {
		grown[i] = maps.Clone(instances[0])
		grown[i]["index_key"] = json.RawMessage(fmt.Sprint(i))
		grown[i]["attributes"] = json.RawMessage(strings.ReplaceAll(pattern, productID("JASPER", first),
			productID("JASPER", i)))
	}
	var err error
	if resource["instances"], err = json.Marshal(grown); err != nil {
		return "", err
	}
	if state["resources"], err = json.Marshal(resources); err != nil {
		return "", err
	}
	out, err := json.Marshal(state)
	return string(out), err
}
