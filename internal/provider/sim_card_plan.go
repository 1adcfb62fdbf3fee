package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

func (r *simCardResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	if req.Plan.Raw.IsNull() {
		planDestroyAnnounced(ctx, resp.Private, r.planDelete(ctx, req, resp), diags)
		return
	}
	var plan simCardModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.accounts.use(diags)
	if diags.HasError() {
		return
	}
	// What the configuration leaves open is computed, and no wish.
	var config simCardModel
	diags.Append(req.Config.Get(ctx, &config)...)
	if id := simCardID(plan.AccountKey, plan.CLI); isSet(id) {
		r.owners.claim(diags, "accounts "+id.ValueString(), "SIM card "+id.ValueString(), config.wish())
	}
	if req.State.Raw.IsNull() {
		r.planCreate(ctx, client, plan, config.State, req.Private, resp)
		return
	}
	r.planUpdate(ctx, client, plan, req, resp)
}

// wish is what a configuration wants of the SIM card: its state in words, and all of it for comparing.
func (m *simCardModel) wish() wish {
	w := wish{by: "a telco_sim_card"}
	var wants, values []string
	if isSet(m.State) {
		wants = append(wants, "state "+m.State.ValueString())
	}
	for _, t := range simCardTexts {
		value := *t.model(m)
		values = append(values, value.String())
		switch {
		case value.IsNull():
		case t.free:
			wants = append(wants, t.name+" of its own")
		default:
			wants = append(wants, t.name+" "+displayValue(value))
		}
	}
	if !m.ProviderStartDate.IsNull() {
		wants = append(wants, "provider_start_date "+displayValue(m.ProviderStartDate))
	}
	if !m.ForeignAttributes.IsNull() {
		wants = append(wants, "foreign_attributes of its own")
	}
	w.want = cmp.Or(strings.Join(wants, ", "), "nothing in particular")
	w.same = fmt.Sprint(values, m.State, m.ProviderStartDate, m.ForeignAttributes)
	return w
}

func (r *simCardResource) planCreate(
	ctx context.Context, client *accounts.Client, plan simCardModel, wantedState types.String, private privateReader,
	resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	id := simCardID(plan.AccountKey, plan.CLI)
	if isSet(id) && isReplacement(ctx, private, id.ValueString(), diags) {
		diags.AddError("SIM card can't be replaced", fmt.Sprintf(
			"Replacing SIM card %s would delete a live SIM and order it again, without a warning in the plan.\n\n"+
				"Change its arguments in place instead. To really give the SIM up: set deletion_protection = false, apply, "+
				"destroy it (terraform apply -destroy -target=ADDRESS), then apply again.", id.ValueString()))
		return
	}
	read := client != nil && r.preflight && isSet(id)
	if read {
		s := r.subject(client, accounts.Create, &plan)
		card, err := s.Read(ctx)
		if err != nil {
			readError(diags, "Unable to read SIM card",
				fmt.Sprintf("Whether SIM card %s already exists could not be read.", id.ValueString()), err)
			return
		}
		if d := s.Decide(card); d.Action == change.Refuse {
			d.Detail = r.withEarlierOrder(d.Detail, id.ValueString(), diags)
			refuse(diags, d)
			return
		}
	}
	sim := ""
	if isSet(id) {
		sim = id.ValueString()
	}
	number := ""
	if isSet(plan.SIMNumber) {
		number = fmt.Sprintf(" Its sim_number is %s.", plan.SIMNumber.ValueString())
	}
	state := wantedState.ValueString()
	if wantedState.IsUnknown() {
		state = livechange.KnownAfterApply
	}
	r.planned.warn(diags, liveChange{kind: livechange.SIMCardCreation, sim: sim, to: state,
		what: fmt.Sprintf("SIM card %s: %s.%s", displayValue(id), livechange.Creation(state), number)})
	if read && !wantedState.IsUnknown() {
		setPlanned(ctx, &resp.Plan, map[string]any{"last_change": livechange.Creation(state)}, diags)
	}
}

// checkIdentity refuses another account key or CLI.
func (r *simCardResource) checkIdentity(plan, state simCardModel, diags *diag.Diagnostics) {
	for _, identity := range []struct {
		name     string
		was, now types.String
	}{{"account_key", state.AccountKey, plan.AccountKey}, {"cli", state.CLI, plan.CLI}} {
		if identity.now.IsUnknown() || identity.now.Equal(identity.was) {
			continue
		}
		diags.AddAttributeError(path.Root(identity.name), identity.name+" can't be changed", fmt.Sprintf(
			"SIM card %s: %s %s -> %s. Another %s is another SIM, and replacing one would delete a live SIM.\n\n"+
				"Declare the other SIM in a resource block of its own. To keep this SIM and only stop managing it here, use a "+
				"removed block.",
			state.ID.ValueString(), identity.name, displayValue(identity.was), displayValue(identity.now), identity.name))
	}
}

func (r *simCardResource) planUpdate(
	ctx context.Context, client *accounts.Client, plan simCardModel, req resource.ModifyPlanRequest,
	resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	var state simCardModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[accounts.Operation](ctx, req.Private, diags)
	setPrivate(ctx, resp.Private, plannedKey, state.ID.ValueString(), diags)
	r.checkIdentity(plan, state, diags)
	if diags.HasError() {
		return
	}

	fields := plan.changes(&state, &state)
	sends := len(fields) > 0 && r.planChange(ctx, client, plan, state, fields, op, diags)
	if diags.HasError() {
		return
	}
	if !plan.Hints.IsUnknown() && !plan.Hints.Equal(state.Hints) {
		diags.AddAttributeWarning(path.Root("hints"), "Hints are used on creation only", fmt.Sprintf(
			"SIM card %s exists, so its hints go into state and nothing of them is sent.", state.ID.ValueString()))
	}

	values := map[string]any{"last_change": state.LastChange}
	if len(fields) > 0 {
		values["last_change"] = plan.announcement(fields)
	}
	switch {
	case op != nil:
		values["operation_status"], values["version"], values["actor_status"] = types.StringUnknown(), types.Int64Unknown(),
			types.StringUnknown()
		values["network_status"], values["internal_soc"] = types.StringUnknown(), types.StringUnknown()
	case !sends:
		values["operation_status"], values["version"], values["actor_status"] = state.OperationStatus, state.Version,
			state.ActorStatus
		values["network_status"], values["internal_soc"] = state.NetworkStatus, state.InternalSOC
	}
	setPlanned(ctx, &resp.Plan, values, diags)
}

// announcement is the planned last_change; it is not known while one of the values is not.
func (m *simCardModel) announcement(fields []livechange.Field) types.String {
	for _, f := range fields {
		if f.To == livechange.KnownAfterApply || f.Hidden && m.unknownField(f.Name) {
			return types.StringUnknown()
		}
	}
	return types.StringValue(livechange.Fields(fields))
}

func (m *simCardModel) unknownField(name string) bool {
	for _, t := range simCardTexts {
		if t.name == name {
			return t.model(m).IsUnknown()
		}
	}
	return m.ForeignAttributes.IsUnknown()
}

// planChange warns of an update, and says whether an apply would send it. What it goes from is what the state says,
// which an apply is held to.
func (r *simCardResource) planChange(
	ctx context.Context, client *accounts.Client, plan, state simCardModel, fields []livechange.Field,
	op *change.Op[accounts.Operation], diags *diag.Diagnostics,
) bool {
	id, stale := state.ID.ValueString(), ""
	if client != nil && r.preflight {
		card, err := client.SIMCardShared(ctx, state.AccountKey.ValueString(), state.CLI.ValueString())
		switch {
		case isNotFound(err) && op != nil && op.Operation.Kind == accounts.Create:
			// The order does not show yet; apply waits for it first.
		case isNotFound(err):
			diags.AddError("SIM card is gone", explain(fmt.Sprintf("SIM card %s is in state, but the service does not know it.",
				id), err,
				"Refresh the state (terraform apply -refresh-only) and plan again."))
			return false
		case err != nil:
			readError(diags, "Unable to read SIM card", fmt.Sprintf("The live SIM card %s could not be read.", id), err)
			return false
		default:
			s := r.subject(client, accounts.Update, &plan)
			s.plan, s.state = &plan, &state
			if s.fields, err = plan.changedFields(ctx, &state); err != nil {
				diags.AddError("Unable to update SIM card", explain("An argument can't be sent.", err, ""))
				return false
			}
			d := s.Decide(card)
			switch {
			case d.Action == change.Refuse:
				refuse(diags, d)
				return false
			case op != nil: // apply waits for the change on its way first, whatever the SIM shows now
			case d.Action == change.Nothing && !plan.hasUnknown(fields):
				return false
			case d.Action == change.Send && d.From != plan.from(&state, &state):
				now := state
				now.setCard(card)
				stale = staleState(fieldSide(fields, true))
				fields = plan.changes(&state, &now)
			}
		}
	}
	what := fmt.Sprintf("SIM card %s: %s.%s", id, livechange.Fields(fields), stale)
	to := ""
	if isSet(plan.State) && !plan.State.Equal(state.State) {
		to = plan.State.ValueString()
	}
	r.planned.warn(diags, liveChange{kind: livechange.SIMCardUpdate, sim: id, what: what, to: to})
	return true
}

func (m *simCardModel) hasUnknown(fields []livechange.Field) bool {
	return m.announcement(fields).IsUnknown()
}

// planDelete says whether the destroy sends anything.
func (r *simCardResource) planDelete(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) bool {
	diags := &resp.Diagnostics
	var state simCardModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[accounts.Operation](ctx, req.Private, diags)
	setPrivate(ctx, resp.Private, plannedKey, state.ID.ValueString(), diags)
	if diags.HasError() || protected(diags, state) {
		return false
	}
	client := r.accounts.use(diags)
	if diags.HasError() || op != nil && !op.Unknown && op.Operation.Kind == accounts.Delete {
		return false // it is on its way already, nothing is sent
	}
	id, from, stale := state.ID.ValueString(), state.State, ""
	if client != nil && r.preflight {
		// Terraform plans the deletion of a removed block before it refreshes; what there is to say, the refresh says.
		card, _, err := r.look(ctx, client, &state, op, &diag.Diagnostics{})
		switch {
		case isGone(err) || isExists(err) || errors.Is(err, errDeleted):
			warnLeftAlone(diags, livechange.SIMCardDeletion,
				fmt.Sprintf("SIM card %s is gone: the service does not know it any more.", id))
			return false
		case err != nil:
			readError(diags, "Unable to read SIM card", fmt.Sprintf("The live SIM card %s could not be read.", id), err)
			return false
		case card != nil && state.State.ValueString() == "": // an order whose SIM has not been in state yet
			from = types.StringValue(card.State.String())
		case card != nil && op == nil && card.State.String() != state.State.ValueString():
			from, stale = types.StringValue(card.State.String()), staleState("state "+displayValue(state.State))
		}
	}
	r.planned.warn(diags, liveChange{kind: livechange.SIMCardDeletion, sim: id,
		what: fmt.Sprintf("SIM card %s: %s -> deleted.%s", id, displayValue(from), stale)})
	return true
}

// protected refuses the deletion of a protected SIM. It reads the state alone, since Terraform hands a tainted object
// over without private state.
func protected(diags *diag.Diagnostics, state simCardModel) bool {
	if isSet(state.DeletionProtection) && !state.DeletionProtection.ValueBool() {
		return false
	}
	diags.AddError("SIM card is protected from deletion", fmt.Sprintf(
		"SIM card %s was not deleted, since its deletion_protection is true.\n\n"+
			"To delete the live SIM: set deletion_protection = false on this resource, apply, then destroy. If its object is "+
			"tainted and about to be replaced, run terraform untaint. To keep the SIM and only stop managing it, use a removed "+
			"block with destroy = false.", state.ID.ValueString()))
	return true
}
