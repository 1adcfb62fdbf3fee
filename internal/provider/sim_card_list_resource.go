package provider

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
)

var _ list.ListResourceWithConfigure = (*simCardListResource)(nil)

type simCardListResource struct{ baseResource }

func newSIMCardListResource() list.ListResource { return &simCardListResource{} }

type simCardListModel struct {
	AccountKey types.String `tfsdk:"account_key"`
	States     types.List   `tfsdk:"states"`
}

// Metadata names the resource that is listed.
func (r *simCardListResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_sim_card"
}

// ListResourceConfigSchema has the account and the filters.
func (r *simCardListResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The SIM cards of an account on the accounts API, for `terraform query` (Terraform 1.14 and " +
			"newer).",
		Attributes: map[string]schema.Attribute{
			"account_key": schema.StringAttribute{Required: true, MarkdownDescription: "Key of the account.",
				Validators: []validator.String{stringvalidator.RegexMatches(accountKeyPattern, accountKeyRule)}},
			"states": schema.ListAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only SIM cards in one of these states, such as `live`, in any case."},
		},
	}
}

// List reads the account's list, page by page as far as the query's limit.
func (r *simCardListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config simCardListModel
	diags := req.Config.Get(ctx, &config)
	states := listOfText(ctx, config.States, &diags)
	client := r.accounts.mustUse(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	q := query{
		ListRequest: req, what: "SIM card", failure: "Unable to list SIM cards", identity: simCardIdentity,
		wholeList: "telco_sim_cards",
	}
	stream.Results = q.stream(ctx, foundSIMCards(ctx, client, config.AccountKey.ValueString(), states))
}

func foundSIMCards(
	ctx context.Context, client *accounts.Client, account string, states []string,
) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		for card, err := range client.EachSIMCard(ctx, account) {
			switch {
			case err != nil:
				if !yield(found{}, err) {
					return
				}
			case !passes(states, card.State.String()):
			case !yield(foundSIMCard(account, card), nil):
				return
			}
		}
	}
}

func foundSIMCard(account string, card *accounts.SIMCard) found {
	if !cliPattern.MatchString(card.CLI) {
		return found{note: diag.NewWarningDiagnostic("Object can't be imported", fmt.Sprintf(
			"SIM card %s/%s is left out: its CLI is not of the documented form, so that this provider can't manage it.",
			account, card.CLI))}
	}
	f := found{values: []string{account, card.CLI}, display: card.CLI}
	switch {
	case card.Description != nil && *card.Description != "":
		f.display = fmt.Sprintf("%s (%s)", *card.Description, card.CLI)
	case card.SIMNumber != nil && *card.SIMNumber != "":
		f.display = fmt.Sprintf("%s (SIM %s)", card.CLI, *card.SIMNumber)
	}
	f.model = fill(func(m *simCardModel) {
		m.AccountKey, m.CLI = types.StringValue(account), types.StringValue(card.CLI)
		m.setCard(card)
		m.DeletionProtection = types.BoolValue(true)
		m.OperationStatus = types.StringValue(operationComplete)
		m.withoutUnsettable()
	})
	return f
}

// withoutUnsettable takes out what the service holds and no configuration may declare: a state that has no name, a
// number that is no ICCID. A generated configuration then leaves them to the service.
func (m *simCardModel) withoutUnsettable() {
	if !slices.Contains(settableSIMStates, m.State.ValueString()) {
		m.State = types.StringNull()
	}
	if !m.SIMNumber.IsNull() && !simNumberPattern.MatchString(m.SIMNumber.ValueString()) {
		m.SIMNumber = types.StringNull()
	}
}

// settableSIMStates are the states that a configuration may declare.
var settableSIMStates = []string{"notactivated", "ready", "test", "live", "suspend", "bar", "terminated"}
