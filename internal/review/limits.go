package review

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// Limits are what a plan must hold to.
type Limits struct {
	// Max is the most live changes; nil: any number.
	Max *int
	// Deny are the rules that no change may break.
	Deny []string
}

// Violation is one limit that the plan breaks: by its number of changes, or by one SIM.
type Violation struct {
	Rule string
	// Detail is the sentence for a limit without a SIM.
	Detail string
	// Subject names the SIM, What says what happens to it; Why is said where only the apply will tell.
	Subject, What string
	Address, Why  string
}

// String is the violation in one line.
func (v Violation) String() string {
	if v.Address == "" {
		return v.Detail
	}
	return v.short() + " at " + v.place()
}

// The rules of -deny.
const (
	ruleMax           = "max"
	ruleTermination   = "termination"
	ruleDeletion      = "deletion"
	ruleUnprotect     = "unprotect"
	ruleSwap          = "swap"
	ruleSwapByKeyword = "swap-by-word"
	ruleUnknown       = "unknown"
)

var rules = []string{ruleTermination, ruleDeletion, ruleUnprotect, ruleSwap, ruleSwapByKeyword, ruleUnknown}

// parseRules reads a list of rules, separated by commas. An empty word is an error: an unset variable must not deny
// nothing.
func parseRules(list string) ([]string, error) {
	var parsed []string
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			return nil, errors.New("a rule is missing; the rules are " + strings.Join(rules, ", "))
		}
		if !slices.Contains(rules, word) {
			return nil, fmt.Errorf("there is no rule %q; the rules are %s", clean(word), strings.Join(rules, ", "))
		}
		parsed = append(parsed, word)
	}
	return parsed, nil
}

// Check finds what the limits do not allow, the number first, then rule by rule in the order of the plan.
func (r *Report) Check(limits Limits) {
	r.limits, r.Violations = limits, nil
	if n := r.LiveChanges(); limits.Max != nil && n > *limits.Max {
		detail := fmt.Sprintf("%s, and the limit is %d", plural(n, "live change"), *limits.Max)
		r.Violations = append(r.Violations, Violation{Rule: ruleMax, Detail: detail})
	}
	for _, rule := range rules {
		if slices.Contains(limits.Deny, rule) {
			r.deny(rule, slices.Contains(limits.Deny, ruleUnknown))
		}
	}
}

// deny adds what breaks one rule. What may break it, since it is known only after apply, does; but where the rule on
// unknowns holds as well, that one says it.
func (r *Report) deny(rule string, unknownToo bool) {
	if rule == ruleUnprotect {
		for _, card := range r.Unprotected {
			r.Violations = append(r.Violations, Violation{
				Rule: rule, Subject: "SIM card " + card.SIM.Text,
				What: "deletion_protection is taken off", Address: card.Address,
			})
		}
		return
	}
	for _, c := range r.Changes {
		why := ""
		switch c.breaks(rule) {
		case no:
			continue
		case maybe:
			if unknownToo {
				continue
			}
			why = "known only after apply"
		case yes:
		}
		r.Violations = append(r.Violations, Violation{
			Rule: rule, Subject: c.subject(), What: c.counted(), Address: c.Address, Why: why,
		})
	}
}

func (c *Change) breaks(rule string) verdict {
	is := func(condition bool) verdict {
		if condition {
			return yes
		}
		return no
	}
	switch rule {
	case ruleTermination:
		return c.terminates
	case ruleDeletion:
		return is(c.Kind == livechange.SIMCardDeletion)
	case ruleSwap:
		return is(c.Kind == livechange.MVNOSIMSwap)
	case ruleSwapByKeyword:
		return c.byKeyword
	case ruleUnknown:
		return is(c.open)
	}
	return no
}

// counted is what changes, with the number of SIMs where an entry stands for several.
func (c *Change) counted() string {
	if c.Count == 1 {
		return c.what
	}
	return fmt.Sprintf("%s (%d SIMs)", c.what, c.Count)
}

// short is the violation without the place, which place tells.
func (v Violation) short() string {
	if v.Address == "" {
		return v.Detail
	}
	return v.Subject + ": " + v.What
}

func (v Violation) place() string {
	if v.Why == "" {
		return v.Address
	}
	return v.Address + " (" + v.Why + ")"
}
