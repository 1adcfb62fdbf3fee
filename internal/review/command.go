package review

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Exit statuses of the command.
const (
	exitWithin  = 0 // the plan holds to the limits
	exitFailed  = 1 // the plan could not be reviewed
	exitBeyond  = 2 // a limit is broken; the report is complete
	defaultCols = 80
	leastCols   = 40
)

const usage = `Usage: terraform-provider-telco review [flags] [FILE]

Reports the live changes of a saved plan. FILE is its JSON, as terraform show
-json PLANFILE prints it; - or no file is standard input. No API is called and
no configuration is needed.

Exit status: 0 within the limits, 2 a limit is broken, 1 it could not review.

Flags:
`

type options struct {
	format, out, file string
	width             int
	limits            Limits
}

// Command runs `terraform-provider-telco review` and returns its exit status.
func Command(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitWithin
	case err != nil:
		return failed(stderr, err)
	}
	report, err := read(o.file, stdin)
	if err != nil {
		return failed(stderr, err)
	}
	report.Check(o.limits)
	content, err := report.render(o)
	if err == nil {
		err = o.write(content, stdout)
	}
	if err != nil {
		return failed(stderr, err)
	}

	if o.out != "" {
		_, _ = fmt.Fprintf(stderr, "review: %s: %s\n", clean(o.out), plural(report.LiveChanges(), "live change"))
	}
	if n := len(report.Violations); n > 0 {
		_, _ = fmt.Fprintf(stderr, "review: %s of the limits; the report names each\n", plural(n, "violation"))
		return exitBeyond
	}
	return exitWithin
}

// failed says in one line why nothing was reviewed.
func failed(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "review: %s\n", clean(strings.TrimSpace(err.Error())))
	return exitFailed
}

var formats = []string{"text", "markdown", "html", "json"}

// parse reads flags before and after FILE.
func parse(args []string, stdout io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("review", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is one line, and Command prints it
	flags.Usage = func() {}
	flags.StringVar(&o.format, "format", "text", "`FORMAT` of the report: "+strings.Join(formats, ", "))
	flags.StringVar(&o.out, "out", "", "write the report to `FILE`, whole or not at all; - is standard output")
	flags.IntVar(&o.width, "width", defaultCols, "most `COLUMNS` of a line of text")
	flags.Func("max", "most live changes, SIM by SIM; `N` 0 allows none", func(text string) error {
		var n int
		if _, err := fmt.Sscanf(text, "%d", &n); err != nil || n < 0 || fmt.Sprint(n) != text {
			return errors.New("a number from 0 on is needed")
		}
		o.limits.Max = &n
		return nil
	})
	denied := "`RULES` that no change may break, separated by commas:\n" + strings.Join(rules, ", ")
	flags.Func("deny", denied, func(text string) error {
		parsed, err := parseRules(text)
		o.limits.Deny = append(o.limits.Deny, parsed...)
		return err
	})

	var files []string
	for rest := args; ; {
		if err := flags.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				flags.SetOutput(stdout)
				_, _ = io.WriteString(stdout, usage)
				flags.PrintDefaults()
			}
			return o, err
		}
		if rest = flags.Args(); len(rest) == 0 {
			break
		}
		files, rest = append(files, rest[0]), rest[1:]
	}
	switch {
	case len(files) > 1:
		return o, fmt.Errorf("one plan at a time: %s is one too many", files[1])
	case !slices.Contains(formats, o.format):
		return o, fmt.Errorf("there is no format %q; the formats are %s", o.format, strings.Join(formats, ", "))
	case o.width < leastCols:
		return o, fmt.Errorf("a width of %d is too narrow: the least is %d", o.width, leastCols)
	case len(files) == 1 && files[0] != "-":
		o.file = files[0]
	}
	return o, nil
}

// read reads the plan from a file, or from standard input where file is "".
func read(file string, stdin io.Reader) (*Report, error) {
	name := "standard input"
	if file != "" {
		name = file
		opened, err := os.Open(file) //nolint:gosec // the file that the user names
		if err != nil {
			return nil, err
		}
		defer func() { _ = opened.Close() }()
		stdin = opened
	} else if terminal(stdin) {
		return nil, errors.New("there is no plan: pipe what terraform show -json PLANFILE prints, or name a file; see -help")
	}
	from, err := peek(stdin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	report, err := Read(from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return report, nil
}

// terminal says that a person would have to type the plan.
func terminal(stdin io.Reader) bool {
	file, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// peek looks at how the input begins, for what is often given in place of the JSON.
func peek(from io.Reader) (io.Reader, error) {
	head := make([]byte, 4)
	n, err := io.ReadFull(from, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, errors.New("this is the saved plan itself: give what terraform show -json prints of it")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errors.New("this is UTF-16, as PowerShell's > writes it: use a pipe, or Out-File -Encoding utf8")
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	return io.MultiReader(bytes.NewReader(head), from), nil
}

func (r *Report) render(o options) ([]byte, error) {
	switch o.format {
	case "json":
		return r.JSON()
	case "markdown":
		return r.Markdown(), nil
	case "html":
		return r.HTML()
	}
	return r.Text(o.width), nil
}

func (o options) write(content []byte, stdout io.Writer) error {
	if o.out != "" && o.out != "-" {
		return writeFile(o.out, content)
	}
	_, err := stdout.Write(content)
	return err
}
