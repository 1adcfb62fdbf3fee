package provider

import (
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// owners holds a plan to one wish for each SIM: two resources that want different things of one SIM would each undo
// what the other does, with a live change each time. It sees the resources of one provider configuration.
type owners struct {
	mu     sync.Mutex
	wishes map[string]wish
}

// wish is what a resource wants of a SIM.
type wish struct {
	// by says which kind of resource wants it: "telco_sim_status", "fleet vans".
	by string
	// want is the wish in words: "status ACTIVE".
	want string
	// same tells equal wishes from different ones; "" is want.
	same string
}

func (w wish) key() string {
	if w.same != "" {
		return w.same
	}
	return w.want
}

func newOwners() *owners { return &owners{wishes: map[string]wish{}} }

// claim notes a wish. Terraform plans some objects twice, so the same wish again is no conflict.
func (o *owners) claim(diags *diag.Diagnostics, key, sim string, w wish) {
	o.mu.Lock()
	defer o.mu.Unlock()
	other, taken := o.wishes[key]
	if !taken {
		o.wishes[key] = w
		return
	}
	if other.key() == w.key() {
		return
	}
	diags.AddError("Two resources manage one SIM", fmt.Sprintf(
		"%s: %s wants %s, and %s wants %s. Each apply would undo what the other has done, with live changes each time. "+
			"Nothing was "+
			"sent.\n\nKeep one of the two. To hand the SIM over, first take it out of the other one, or use a removed block "+
			"with destroy = false.", sim, other.by, other.want, w.by, w.want))
}
