// Package m2m calls the XML command API of the m2mi portal (https://docs.m2miportal.com): the status of a SIM, and
// the group to which a pending SIM moves when its test allowance is used up.
package m2m

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

const apiName = "m2m API"

// Config sets up a Client. Zero values take the defaults named here.
type Config struct {
	// Endpoint has passed transport.CheckEndpoint. All commands go to this one URL.
	Endpoint *url.URL
	// Username and Password travel in the body of every request.
	Username, Password string
	// APIID is sent unchanged in every request, and expected back.
	APIID string
	// TagStyle is how names are written; default LowerSnake.
	TagStyle  TagStyle
	UserAgent string
	// RequestsPerSecond bounds the calls; default 5.
	RequestsPerSecond float64
	// MaxConcurrentRequests is how many calls run at a time; default 1, since the pages name no limit.
	MaxConcurrentRequests int
	// RequestTimeout bounds one attempt; default 60 s.
	RequestTimeout time.Duration
	// Backoff is the first pause before a read is repeated; default 500 ms.
	Backoff time.Duration
	// Logger receives debug records without bodies; nil discards.
	Logger *slog.Logger
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	cfg  Config
	http *transport.Client
}

// New makes a client; it does not call the service.
func New(cfg Config) *Client {
	cfg.TagStyle = cmp.Or(cfg.TagStyle, LowerSnake)
	cfg.RequestsPerSecond = cmp.Or(cfg.RequestsPerSecond, 5)
	cfg.MaxConcurrentRequests = cmp.Or(cfg.MaxConcurrentRequests, 1)
	c := &Client{cfg: cfg}
	c.http = transport.New(transport.Config{
		API: apiName, BaseURL: cfg.Endpoint, UserAgent: cfg.UserAgent,
		RequestsPerSecond: cfg.RequestsPerSecond, MaxConcurrent: cfg.MaxConcurrentRequests,
		RequestTimeout: cfg.RequestTimeout, Backoff: cfg.Backoff,
		// A command that found no connection may try for one again; one that the service sent away (429) may not.
		ChangeAttempts: 3, NoChangeAfter429: true,
		NoRedirects: true, CheckResponse: c.checkResponse, Secrets: []string{cfg.Password}, Logger: cfg.Logger,
	})
	return c
}

// Status is what a SIM's traffic is: allowed, blocked, or over for good.
type Status string

// The documented statuses (page query-status). Others are passed through in lower case without separators.
const (
	Active      Status = "active"
	Deactivated Status = "deactivated"
	// Closed is for ever: the vendor asks callers to stop all further calls for such a SIM.
	Closed Status = "closed"
)

// QueryStatus reads the status of a SIM by its ICCID, 18 to 22 digits (page query-status). The error is ErrNotFound
// of package transport only where the service answers exactly "invalid iccid": the SIM is unknown or another account's.
func (c *Client) QueryStatus(ctx context.Context, iccid string) (Status, error) {
	req := request("query the status of SIM "+iccid, false)
	cmd := command{words: "query status", values: []value{{"iccid", iccid}}}
	r, res, err := c.send(ctx, req, cmd, checkICCID(iccid))
	if err != nil {
		return "", err
	}
	status := normal(r.value("status"))
	if status == "" {
		return "", c.http.Fail(req, res, transport.Error{NotTheAPI: true, Cause: errNoSIMState})
	}
	return Status(status), nil
}

// SetAAGroup arms the move of a pending SIM to a live group (page set-auto-activation-group). iccid has 18 to 22
// digits; group is the group's code, not its name, and is sent as it is. The command is sent at most once.
//
// Errors: ErrInvalidICCID and ErrInvalidGroup where the service names them; transport.ErrNotSent where nothing
// reached the service; transport.ErrOutcomeUnknown where it is open whether the command was executed. No command
// reads the group back.
func (c *Client) SetAAGroup(ctx context.Context, iccid, group string) error {
	problem := checkICCID(iccid)
	if problem == nil && strings.TrimSpace(group) == "" {
		problem = errors.New("the group code is empty") // what an empty one would do is not documented
	}
	req := request("set the auto-activation group of SIM "+iccid, true)
	cmd := command{words: "set aa group", values: []value{{"iccid", iccid}, {"group", group}}}
	_, _, err := c.send(ctx, req, cmd, problem)
	return err
}

var iccidForm = regexp.MustCompile(`^[0-9]{18,22}$`)

func checkICCID(iccid string) error {
	if !iccidForm.MatchString(iccid) {
		return fmt.Errorf("%q is not an ICCID of 18 to 22 digits", iccid)
	}
	return nil
}

func request(op string, change bool) transport.Request {
	return transport.Request{
		Op: op, Method: http.MethodPost, Change: change,
		Header: http.Header{"Content-Type": {"application/xml"}, "Accept": {"application/xml"}},
	}
}

// send makes one call. problem, if not nil, keeps it from being made.
func (c *Client) send(ctx context.Context, req transport.Request, cmd command, problem error) (
	*reply, *transport.Response, error,
) {
	if problem == nil {
		req.Body, problem = c.encode(cmd)
	}
	if problem != nil {
		return nil, nil, &transport.Error{
			API: apiName, Op: req.Op, Method: req.Method, NotSent: req.Change, Cause: problem,
		}
	}

	res, err := c.http.Do(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	r, _ := parseReply(res.Body) // checkResponse has read it without an error
	failure, certain := r.failure(cmd, c.cfg.APIID, res.Status)
	if failure == nil {
		return r, res, nil
	}
	failure = c.http.Fail(req, res, *failure)
	failure.Unknown = req.Change && !certain
	return nil, nil, withReason(failure, req, r)
}
