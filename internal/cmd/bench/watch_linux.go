package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// watchInterval is how often the children are looked at. The kernel keeps their peak of memory, so that only what
// happens in the last interval of a process may be missed.
const watchInterval = 20 * time.Millisecond

// watch looks at the children of a process until the returned function is called.
func watch(pid int) func() []usage {
	stop, result := make(chan struct{}), make(chan []usage)
	go func() {
		seen := map[int]usage{}
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				result <- slices.Collect(maps.Values(seen))
				return
			case <-ticker.C:
				for _, child := range children(pid) {
					if u, ok := usageOf(child); ok {
						seen[child] = u
					}
				}
			}
		}
	}()
	return func() []usage {
		close(stop)
		return <-result
	}
}

// children lists the child processes of all threads of a process.
func children(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	var out []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				out = append(out, child)
			}
		}
	}
	return out
}

// clockTick is the unit of /proc/PID/stat: USER_HZ, 100 a second on every architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// usageOf reads CPU time and peak memory; not ok where the process is gone or has not become the provider yet.
func usageOf(pid int) (usage, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, false
	}
	return parseUsage(string(stat), string(status))
}

func parseUsage(stat, status string) (usage, bool) {
	// The name, in brackets, may hold anything; state is the field after it, utime and stime the 12th and 13th.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 || fields[0] == "Z" {
		return usage{}, false
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return usage{}, false
	}
	u := usage{cpu: time.Duration(user+system) * clockTick}
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			u.memory = kib << 10
			return u, err == nil
		}
	}
	return usage{}, false // a process that is ending has no memory any more
}
