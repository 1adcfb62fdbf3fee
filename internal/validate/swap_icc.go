package validate

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

type swapICC struct{}

// SwapICC refuses an ICC of 20 digits of which the last is not the check digit of the others: the service takes at most
// 19 digits (page api:mvno:account:changesim), and any other one of them could be wrong.
func SwapICC() validator.String { return swapICC{} }

func (swapICC) Description(context.Context) string {
	return "the 20th digit of an ICC must be its check digit"
}

func (v swapICC) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v swapICC) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	const mostDigits = 19
	key := identity.ICCKey(req.ConfigValue.ValueString())
	if len(key) > mostDigits && strings.Trim(key, "0123456789") == "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid ICC", fmt.Sprintf(
			"%s has %d digits, and the last one is not the check digit of those before it. The service takes an ICC of 11 to "+
				"19 digits.\n\n"+
				"Compare it with the number on the card.", key, len(key)))
	}
}
