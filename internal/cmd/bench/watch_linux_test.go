package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestParseUsage(t *testing.T) {
	stat := "12 (a) b) S 1 12 12 0 -1 4194560 1 0 0 0 150 25 7 7 20 0 9 0 100 1000 10\n"
	status := "Name:\ta) b\nVmPeak:\t  999 kB\nVmHWM:\t  2048 kB\n"
	for _, c := range []struct {
		stat, status string
		want         string
	}{
		{stat, status, "1.75s 2097152 true"},
		{"12 (a) Z 1 12", status, "0s 0 false"},
		{stat, "Name:\ta\n", "0s 0 false"},
	} {
		u, ok := parseUsage(c.stat, c.status)
		if got := fmt.Sprint(u.cpu, u.memory, ok); got != c.want {
			t.Errorf("%q: %s, not %s", c.stat, got, c.want)
		}
	}
}

func TestChildren(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	// Ended or not, it is a child until it has been waited for.
	if pids := children(os.Getpid()); !slices.Contains(pids, child.Process.Pid) {
		t.Errorf("%v does not hold %d", pids, child.Process.Pid)
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if u, ok := usageOf(os.Getpid()); !ok || u.memory < 1<<20 {
		t.Errorf("this process: %+v, %v", u, ok)
	}
}
