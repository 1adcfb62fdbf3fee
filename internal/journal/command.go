package journal

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Exit statuses of the command.
const (
	exitOK     = 0
	exitFailed = 1
	exitOpen   = 2
)

const usage = `Usage: terraform-provider-telco journal [flags] FOLDER

Lists the live changes that the journal in FOLDER has recorded, newest first. It calls no API.

  -open           only changes without an end: nothing has answered them, or their
                  last outcome is accepted, pending or unknown
  -sim SIM        only changes of this SIM: a product id, an ICCID in any spelling,
                  a CLI, or the id of an account
  -since WHEN     only changes since a time (2026-11-25, 2026-11-25T08:00:00Z) or
                  within a duration (90m, 24h, 7d)
  -format FORMAT  text (default) or json

Exit status: 0; 2 with -open where there are any; 1 where it could not list: bad
flags, no such folder. What can't be read in a file is a warning on standard error.
`

// options is what the command line asks for.
type options struct {
	folder string
	open   bool
	sim    string
	since  time.Time
	format string
}

// Command is "terraform-provider-telco journal": it lists a folder's changes, and returns the exit status.
func Command(args []string, stdout, stderr io.Writer) int {
	return command(args, stdout, stderr, time.Now())
}

func command(args []string, stdout, stderr io.Writer, now time.Time) int {
	asked, err := parseArgs(args, now)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitOK
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: %s\n\n%s", printable(err.Error()), usage)
		return exitFailed
	}
	entries, warnings, err := List(asked.folder)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: the journal can't be listed: %s\n", printable(err.Error()))
		return exitFailed
	}
	for _, warning := range warnings {
		_, _ = fmt.Fprintf(stderr, "Warning: %s\n", printable(warning))
	}

	entries = slices.DeleteFunc(entries, func(e Entry) bool { return !asked.wants(&e) })
	if asked.format == "json" {
		err = writeJSON(stdout, entries)
	} else {
		err = writeText(stdout, entries, asked.open)
	}
	switch {
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "Error: %s\n", err)
		return exitFailed
	case asked.open && len(entries) > 0:
		return exitOpen
	}
	return exitOK
}

func parseArgs(args []string, now time.Time) (options, error) {
	asked := options{}
	flags := flag.NewFlagSet("journal", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&asked.open, "open", false, "")
	flags.Func("sim", "", func(text string) error {
		asked.sim = strings.TrimSpace(text)
		if asked.sim == "" {
			return errors.New("it names no SIM")
		}
		return nil
	})
	flags.Func("since", "", func(text string) (err error) {
		asked.since, err = parseSince(text, now)
		return err
	})
	flags.StringVar(&asked.format, "format", "text", "")

	// Flags may also follow the folder.
	var paths []string
	for rest := args; ; {
		if err := flags.Parse(rest); err != nil {
			return options{}, err
		}
		if rest = flags.Args(); len(rest) == 0 {
			break
		}
		paths, rest = append(paths, rest[0]), rest[1:]
	}
	switch {
	case len(paths) != 1 || paths[0] == "":
		return options{}, errors.New("name one folder, the value of the provider's journal attribute")
	case asked.format != "text" && asked.format != "json":
		return options{}, fmt.Errorf("-format is text or json, not %q", asked.format)
	}
	asked.folder = paths[0]
	return asked, nil
}

// parseSince reads a time, a day (in UTC), or how long ago.
func parseSince(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, errors.New("it is no time such as 2026-11-25T08:00:00Z, no day such as 2026-11-25 and no " +
		"duration such as 24h or 7d")
}

func (o *options) wants(e *Entry) bool {
	return (!o.open || !e.Ended()) && (o.sim == "" || isOf(e.SIM, o.sim)) && !e.Time.Before(o.since)
}

// isOf says whether a record's SIM is the one that a person asks for, who may leave out the backend of a product id or
// the account of a CLI.
func isOf(sim, asked string) bool {
	key := simKey(asked)
	return simKey(sim) == key || simKey(sim[strings.LastIndexAny(sim, "-/")+1:]) == key
}
