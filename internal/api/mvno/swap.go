package mvno

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// The words that a swap takes in place of an ICC (page api:mvno:account:changesim): the service picks the SIM, and
// picks another one each time that it is asked.
const (
	ESIM       = "eSim"
	AutoAssign = "autoAssign"
)

// IsWord tells whether newSIM is one of the words, rather than an ICC.
func IsWord(newSIM string) bool { return newSIM == ESIM || newSIM == AutoAssign }

var swapICC = regexp.MustCompile(`^[0-9]{11,19}$`)

// swapForm is a SIM in the form that the page names: an ICC without blanks, a trailing F and its check digit, or the
// word.
func swapForm(newSIM string) string {
	if IsWord(newSIM) {
		return newSIM
	}
	return identity.ICCKey(newSIM)
}

// Swap gives the account a new SIM: an ICC in any spelling, which is sent as its 11 to 19 digits, ESIM or AutoAssign
// (page api:mvno:account:changesim). It is sent at most once, it takes effect at once, and nothing undoes it.
//
// Errors: transport.ErrNotSent where nothing reached the service; a clear refusal has the service's code, such as
// mvnoAccount, sim, state, porting or access_denied; transport.ErrOutcomeUnknown where it is open whether the SIM was
// swapped (then see Settle).
func (c *Client) Swap(ctx context.Context, accountID, newSIM string) (*SIM, error) {
	newSIM = swapForm(newSIM)
	req := get("swap the SIM of MVNO account "+accountID, "mvno", accountID, "changesim", newSIM)
	req.Change = true
	req.Header.Set("Cache-Control", "no-store")
	switch {
	case !hexID.MatchString(accountID):
		return nil, refuse(req, fmt.Errorf("%q is not an account id of 24 hex characters", accountID))
	case !IsWord(newSIM) && !swapICC.MatchString(newSIM):
		return nil, refuse(req, fmt.Errorf("%q is neither an ICC of 11 to 19 digits nor %q nor %q", newSIM, ESIM, AutoAssign))
	}
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return nil, notFoundOn(err, codeNoAccount)
	}
	sim, problem := decodeSwap(res, newSIM)
	if problem != nil {
		return nil, c.http.Fail(req, res, *problem)
	}
	return sim, nil
}

func decodeSwap(res *transport.Response, newSIM string) (*SIM, *transport.Error) {
	var body struct {
		Success *transport.Bool `json:"success"`
		SIM     *simBody        `json:"mvnoSim"`
	}
	switch {
	case res.Status != http.StatusOK, transport.DecodeJSON(res.Body, &body) != nil, body.Success == nil:
		return nil, foreign(res)
	case !bool(*body.Success):
		return nil, &transport.Error{Cause: errors.New("the answer says success: false")}
	case body.SIM == nil || body.SIM.sim().SIMNumber == "":
		return nil, &transport.Error{Cause: errors.New("the answer does not name the new SIM")}
	}
	sim := body.SIM.sim()
	if !IsWord(newSIM) && !identity.SameICC(sim.SIMNumber, newSIM) {
		return nil, &transport.Error{Cause: errors.New("the answer names another SIM than was asked for")}
	}
	return &sim, nil
}

// fewestReads is how often the account must have been read before a swap counts as not made.
const fewestReads = 3

// Settle finds out what became of a swap without a usable answer. before is the ICC that the account held. It reads the
// account until that shows the new SIM: for an ICC that one, for a word any other than before. Otherwise the last
// answer decides once Pace.Doubt has passed since the swap was sent, with at least three reads: before says that it had
// no effect, a third SIM that somebody else has swapped it since. The error, beside the last account if there was one,
// says why nothing can be told: the account shows no SIM or can't be read. ctx bounds the reads.
func (c *Client) Settle(ctx context.Context, accountID, before, newSIM string, since time.Time) (
	wait.Verdict, *Account, error,
) {
	reads := 0
	verdict := wait.Undecided
	var account *Account
	var unclear error
	_, err := wait.Until(ctx, wait.Config{
		Operation: "SIM swap of MVNO account " + accountID, Pace: c.pace, Transient: transport.Transient,
		Tolerate: 1 << 30, // Pace.Doubt is the bound
	}, func(ctx context.Context) (wait.Status[struct{}], error) {
		now, err := c.Account(ctx, accountID)
		reads++
		over := reads >= fewestReads && time.Since(since) >= c.pace.Doubt()
		if err != nil {
			if over && transport.Transient(err) {
				unclear = err
				return wait.Status[struct{}]{State: wait.Done}, nil
			}
			return wait.Status[struct{}]{RetryAfter: transport.RetryAfter(err)}, err
		}
		account, unclear = now, nil
		shown := now.SIM.SIMNumber
		switch {
		case shown == "":
			unclear = errors.New("the account shows no SIM")
		case !IsWord(newSIM) && identity.SameICC(shown, newSIM), IsWord(newSIM) && !identity.SameICC(shown, before):
			verdict = wait.Happened
		case over && identity.SameICC(shown, before):
			verdict = wait.NoEffect
		case over:
			verdict = wait.Superseded
		}
		status := wait.Status[struct{}]{Word: shown}
		if over || verdict != wait.Undecided {
			status.State = wait.Done
		}
		return status, nil
	})
	if err == nil && unclear != nil {
		err = fmt.Errorf("what became of the SIM swap of MVNO account %s cannot be told: %w", accountID, unclear)
	}
	return verdict, account, err
}

// WaitShown reads the account after an answered swap until it shows simNumber, at most twice Pace.Patience. The swap
// is made even where the error says that it does not show yet (*wait.TimeoutError, beside the last account, if any).
func (c *Client) WaitShown(ctx context.Context, accountID, simNumber string) (*Account, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*c.pace.Patience)
	defer cancel()
	cfg := wait.Config{
		Operation: "display of the new SIM on MVNO account " + accountID, Pace: c.pace, Transient: transport.Transient,
		Tolerate: 1 << 30, // the deadline is the bound
	}
	return wait.Until(ctx, cfg, func(ctx context.Context) (wait.Status[*Account], error) {
		a, err := c.Account(ctx, accountID)
		if err != nil {
			return wait.Status[*Account]{RetryAfter: transport.RetryAfter(err)}, err
		}
		status := wait.Status[*Account]{Value: a, Word: a.SIM.SIMNumber}
		if identity.SameICC(a.SIM.SIMNumber, simNumber) {
			status.State = wait.Done
		}
		return status, nil
	})
}
