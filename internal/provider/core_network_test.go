package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// memoryNet serves a simulator without sockets: thousands of runs with a connection for each change would use up the
// machine's ports, and here a connection can be refused, or dropped before a byte of it is read.
type memoryNet struct {
	addr    string // host and port as in URLs; the port is none that a socket can have
	server  *http.Server
	arrived chan net.Conn
	closed  chan struct{}

	mu     sync.Mutex
	refuse int // so many dials find no server; below 0 all
	drop   int // so many connections are closed unread; below 0 all
	conns  map[net.Conn]http.ConnState

	arrivals  int         // requests since watch
	onArrival arrivalFunc // nil: nobody watches

	dead          atomic.Bool // the client's process was killed: nothing of it arrives any more
	inFlight      atomic.Int64
	mostAtATime   atomic.Int64
	authorization sync.Map // each Authorization header that has arrived
}

// arrivalFunc is told each request before it is executed, the first one as 1. It may change the answer's headers, and
// says whether the connection is to be dropped instead.
type arrivalFunc func(number int, w http.ResponseWriter) (drop bool)

var (
	memoryNets sync.Map // by address
	memoryPort atomic.Int64
)

// The clients clone the default transport, so this is where they can be given another way to dial. All other
// addresses are dialled as ever.
func init() {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		panic("the default transport is another")
	}
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if n, ok := memoryNets.Load(addr); ok {
			return n.(*memoryNet).dial(ctx)
		}
		return dial(ctx, network, addr)
	}
}

// newMemoryNet serves handler until the test ends.
func newMemoryNet(t testing.TB, handler http.Handler) *memoryNet {
	n := &memoryNet{
		addr:    fmt.Sprintf("127.0.0.1:%d", 70000+memoryPort.Add(1)),
		arrived: make(chan net.Conn), closed: make(chan struct{}), conns: map[net.Conn]http.ConnState{},
	}
	n.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.dead.Load() {
			panic(http.ErrAbortHandler)
		}
		n.authorization.Store(r.Header.Get("Authorization"), true)
		now := n.inFlight.Add(1)
		served := &served{ResponseWriter: w, begun: func() { n.inFlight.Add(-1) }}
		defer served.once.Do(served.begun)
		for most := n.mostAtATime.Load(); now > most &&
			!n.mostAtATime.CompareAndSwap(most, now); most = n.mostAtATime.Load() {
		}
		if n.arrive(w) {
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(served, r)
	}), ConnState: func(c net.Conn, state http.ConnState) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if state == http.StateClosed {
			delete(n.conns, c)
			return
		}
		n.conns[c] = state
	}}
	memoryNets.Store(n.addr, n)
	go func() { _ = n.server.Serve(n) }()
	t.Cleanup(n.end)
	return n
}

func (n *memoryNet) end() {
	memoryNets.Delete(n.addr)
	_ = n.server.Close()
}

// URL is the server's address.
func (n *memoryNet) URL() string { return "http://" + n.addr }

func (n *memoryNet) dial(ctx context.Context) (net.Conn, error) {
	n.mu.Lock()
	refuse, drop := takeOne(&n.refuse), false
	if !refuse {
		drop = takeOne(&n.drop)
	}
	n.mu.Unlock()
	if refuse || n.dead.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}
	}
	ours, theirs := net.Pipe()
	if drop {
		_ = theirs.Close()
		return ours, nil
	}
	select {
	case n.arrived <- theirs:
		return ours, nil
	case <-n.closed:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func takeOne(left *int) bool {
	if *left > 0 {
		*left--
		return true
	}
	return *left < 0
}

func (n *memoryNet) arrive(w http.ResponseWriter) (drop bool) {
	n.mu.Lock()
	n.arrivals++
	number, told := n.arrivals, n.onArrival
	n.mu.Unlock()
	return told != nil && told(number, w)
}

// watch counts requests anew and tells f of each; nil ends it.
func (n *memoryNet) watch(f arrivalFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.arrivals, n.onArrival = 0, f
}

// served ends a call with the beginning of its answer: who has read that may call again before the handler returns.
type served struct {
	http.ResponseWriter
	once  sync.Once
	begun func()
}

func (s *served) WriteHeader(status int) {
	s.once.Do(s.begun)
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *served) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// refuseDials closes what is idle and refuses the next dials; below 0 all of them.
func (n *memoryNet) refuseDials(times int) { n.trouble(&n.refuse, times) }

// dropConnections closes what is idle, and the next new connections before anything of them is read.
func (n *memoryNet) dropConnections(times int) { n.trouble(&n.drop, times) }

func (n *memoryNet) trouble(kind *int, times int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	*kind = times
	for c, state := range n.conns {
		if state == http.StateIdle {
			_ = c.Close()
		}
	}
}

// heal ends all trouble.
func (n *memoryNet) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refuse, n.drop = 0, 0
	n.dead.Store(false)
}

// Accept is net.Listener's.
func (n *memoryNet) Accept() (net.Conn, error) {
	select {
	case c := <-n.arrived:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's.
func (n *memoryNet) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.closed:
	default:
		close(n.closed)
	}
	return nil
}

// Addr is net.Listener's.
func (n *memoryNet) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// onMemory is a core in front of a simulator of its own, on a network without sockets.
func onMemory(t testing.TB, opts ...simulator.Option) *core {
	sim := simulator.New(opts...)
	net := newMemoryNet(t, sim.Handler())
	c := newCore(t, net.URL())
	c.Simulator, c.net = sim, net
	t.Cleanup(func() {
		if unexpected := sim.Unexpected(); len(unexpected) > 0 {
			t.Errorf("requests that no API has: %s", strings.Join(unexpected, ", "))
		}
	})
	return c
}
