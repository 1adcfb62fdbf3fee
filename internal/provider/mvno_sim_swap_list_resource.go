package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

var _ list.ListResourceWithConfigure = (*mvnoSIMSwapListResource)(nil)

type mvnoSIMSwapListResource struct{ baseResource }

func newMVNOSIMSwapListResource() list.ListResource { return &mvnoSIMSwapListResource{} }

type mvnoSIMSwapListModel struct {
	Customer types.String `tfsdk:"customer"`
	Network  types.String `tfsdk:"network"`
	Filter   types.String `tfsdk:"filter"`
}

// Metadata names the resource that is listed.
func (r *mvnoSIMSwapListResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_mvno_sim_swap"
}

// ListResourceConfigSchema has the filters, which are those of the data source telco_mvno_accounts.
func (r *mvnoSIMSwapListResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The MVNO accounts of a customer and the SIMs that they hold, for `terraform query` " +
			"(Terraform 1.14 and newer). Importing one takes its SIM as it is: nothing is swapped. Accounts that are being " +
			"deleted, or hold no SIM, are left out with a warning.",
		Attributes: map[string]schema.Attribute{
			"customer": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only accounts of the customer with this id. Default: the customer that the token belongs to.",
				Validators:          []validator.String{stringvalidator.RegexMatches(accountIDPattern, customerRule)}},
			"network": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only accounts whose SIM is of this network: `TELENOR`, `TDC` or `TELIA`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)}},
			"filter": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only accounts whose number, device type, ICC, IMSI or notes hold this text.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)}},
		},
	}
}

// List reads the accounts, page by page as far as the query's limit.
func (r *mvnoSIMSwapListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config mvnoSIMSwapListModel
	diags := req.Config.Get(ctx, &config)
	client := r.mvno.mustUse(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	q := query{
		ListRequest: req, what: "MVNO account", failure: "Unable to list MVNO accounts", identity: mvnoSIMSwapIdentity,
		wholeList: "telco_mvno_accounts",
	}
	stream.Results = q.stream(ctx, foundMVNOAccounts(ctx, client, mvno.AccountFilter{
		Customer: config.Customer.ValueString(), Network: config.Network.ValueString(), Text: config.Filter.ValueString(),
	}))
}

func foundMVNOAccounts(ctx context.Context, client *mvno.Client, filter mvno.AccountFilter) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		for account, err := range client.EachAccount(ctx, filter) {
			if err == nil && account.SIM.SIMNumber == "" && !mvno.IsTerminal(account.State) {
				// A condensed list does not show the SIM; the account itself does.
				var whole *mvno.Account
				if whole, err = client.Account(ctx, account.ID); err == nil {
					account = *whole
				} else if errors.Is(err, transport.ErrNotFound) {
					err = &transport.ItemError{Item: "MVNO account " + account.ID, Err: err}
				}
			}
			if err != nil {
				if !yield(found{}, err) {
					return
				}
				continue
			}
			if !yield(foundMVNOAccount(&account), nil) {
				return
			}
		}
	}
}

func foundMVNOAccount(account *mvno.Account) found {
	leftOut := func(why string) found {
		return found{note: diag.NewWarningDiagnostic("Object can't be imported", fmt.Sprintf(
			"MVNO account %s is left out: %s.", account.ID, why))}
	}
	switch {
	case mvno.IsTerminal(account.State):
		return leftOut(fmt.Sprintf("it is in state %s, and its SIM can't be swapped", account.State))
	case account.SIM.SIMNumber == "":
		return leftOut(fmt.Sprintf("it is in state %s and shows no SIM", account.State))
	}
	number := account.Number
	if number == "" {
		number = account.ID
	}
	return found{
		values: []string{account.ID}, display: fmt.Sprintf("%s (SIM %s)", number, account.SIM.SIMNumber),
		model: fill(func(m *mvnoSIMSwapModel) {
			m.AccountID, m.ID = types.StringValue(account.ID), types.StringValue(account.ID)
			m.NewSIM = types.StringValue(identity.ICCKey(account.SIM.SIMNumber))
			m.StoreCodes = types.BoolValue(false)
			m.OperationStatus = types.StringValue(operationComplete)
			m.take(account, nil)
		}),
	}
}
