package validate

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

type settableStatus struct{}

// SettableStatus refuses a status that the CMO sets by itself while a change is under way: PENDING_ACTIVE and the like.
// PENDING_TERMINATE can be asked for (API page, section 8).
func SettableStatus() validator.String { return settableStatus{} }

func (settableStatus) Description(context.Context) string {
	return "must be a status that a SIM can be set to, not one that the service sets by itself"
}

func (v settableStatus) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v settableStatus) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	status := req.ConfigValue.ValueString()
	if strings.HasPrefix(status, "PENDING_") && status != "PENDING_TERMINATE" {
		resp.Diagnostics.AddAttributeError(req.Path, "Status can't be asked for", fmt.Sprintf(
			"%s is a status that the service sets by itself, while a change is under way.\n\n"+
				"Declare the status that the SIM is to have in the end, such as ACTIVE.", status))
	}
}
