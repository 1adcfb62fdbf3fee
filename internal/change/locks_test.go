package change

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestKeyedLocks: one holder for a key at a time, keys do not hold up each other, and what is free leaves no trace.
func TestKeyedLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locks := NewLocks()
		unlock, err := locks.Lock(t.Context(), "cmo A")
		if err != nil {
			t.Fatal(err)
		}
		other, err := locks.Lock(t.Context(), "cmo B")
		if err != nil {
			t.Fatal(err)
		}
		other()

		second := false
		go func() {
			unlock, err := locks.Lock(t.Context(), "cmo A")
			if err != nil {
				t.Error(err)
				return
			}
			second = true
			unlock()
		}()
		synctest.Wait()
		if second {
			t.Error("two hold one lock")
		}
		unlock()
		synctest.Wait()
		if !second {
			t.Error("the second waits for a lock that is free")
		}
		if len(locks.held) != 0 {
			t.Errorf("%d locks are kept for nobody", len(locks.held))
		}
	})
}

func TestKeyedLocksGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locks := NewLocks()
		unlock, err := locks.Lock(t.Context(), "cmo A")
		if err != nil {
			t.Fatal(err)
		}
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		var got error
		go func() { _, got = locks.Lock(ctx, "cmo A") }()
		synctest.Wait()
		cancel(stop)
		synctest.Wait()
		if !errors.Is(got, stop) {
			t.Errorf("got %v", got)
		}
		third, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		if _, err := locks.Lock(third, "cmo A"); err == nil {
			t.Error("a lock that is held was given away, since somebody gave up waiting for it")
		}
		unlock() // the one who gave up must not have taken the lock along
		again, err := locks.Lock(t.Context(), "cmo A")
		if err != nil {
			t.Fatal(err)
		}
		again()
		if len(locks.held) != 0 {
			t.Errorf("%d locks are kept for nobody", len(locks.held))
		}
	})
}

// TestKeyedLocksInterrupted: a run that has ended begins nothing more, and it is no matter of luck whether it does.
func TestKeyedLocksInterrupted(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	locks := NewLocks()
	for range 100 {
		if _, err := locks.Lock(ctx, "cmo A"); !errors.Is(err, stop) {
			t.Fatalf("got %v", err)
		}
	}
	if len(locks.held) != 0 {
		t.Errorf("%d locks are kept for nobody", len(locks.held))
	}
}
