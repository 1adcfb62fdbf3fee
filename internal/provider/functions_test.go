package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/provider"
)

// call calls a function as Terraform does. The result is a text with the values, "" where there is an error, whose text
// begins with the position of the argument.
func call(t *testing.T, server tfprotov6.ProviderServer, name string, arguments ...string) (result, problem string) {
	t.Helper()
	functions, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for _, argument := range arguments {
		value, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, argument))
		if err != nil {
			t.Fatal(err)
		}
		req.Arguments = append(req.Arguments, &value)
	}
	resp, err := server.CallFunction(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Error != nil {
		if resp.Error.FunctionArgument == nil {
			return "", "of no argument: " + resp.Error.Text
		}
		return "", []string{"0", "1"}[*resp.Error.FunctionArgument] + ": " + resp.Error.Text
	}
	value, err := resp.Result.Unmarshal(functions.Functions[name].Return.Type)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	var yes bool
	var parts map[string]tftypes.Value
	switch {
	case value.As(&text) == nil:
		return text, ""
	case value.As(&yes) == nil:
		return map[bool]string{true: "true", false: "false"}[yes], ""
	}
	var backend, iccid string
	if value.As(&parts) != nil || parts["backend"].As(&backend) != nil || parts["iccid"].As(&iccid) != nil ||
		len(parts) != 2 {
		t.Fatalf("%s returned %v", name, value)
	}
	return backend + " and " + iccid, ""
}

// TestFunctions: identity has the whole table of spellings; here is what a configuration sees of them.
func TestFunctions(t *testing.T) {
	t.Parallel()
	const (
		rounded = " is a number as a spreadsheet writes it, and has lost digits: format the column as text and export it " +
			"again"
		noDigit  = ", and an ICCID has no letters or other characters, only the digits 0 to 9"
		length   = ", and an ICCID has 18 to 22 digits"
		noName   = " is not the name of a backend, which has only letters, digits and underscores, such as TMSP"
		noHyphen = " has no hyphen, and a product id is BACKEND-ICCID, such as TMSP-89490200000000000024"
	)
	server := providerserver.NewProtocol6(provider.New("test")())()
	for name, calls := range map[string][]struct {
		arguments    []string
		want, failed string
	}{
		"iccid": {
			{arguments: []string{"8949020000000000001"}, want: "8949020000000000001"},
			{arguments: []string{"\ufeff 8949 0200-0000\u00a00000\u2009001 f\r\n"}, want: "8949020000000000001"},
			{arguments: []string{""}, failed: `0: "" has no digits` + length},
			{arguments: []string{"89490200000000001"}, failed: `0: "89490200000000001" has 17 digits` + length},
			{arguments: []string{"89490200000000000000001"}, failed: `0: "89490200000000000000001" has 23 digits` + length},
			{arguments: []string{"8.94902E+19"}, failed: `0: "8.94902E+19"` + rounded},
			{arguments: []string{"8,94902E+19"}, failed: `0: "8,94902E+19"` + rounded},
			{arguments: []string{"TMSP-8949020000000000001"},
				failed: `0: "TMSP-8949020000000000001" contains "T" (U+0054)` + noDigit},
			{arguments: []string{"８９４９０２００００００００００００１"}, failed: `0: "８９４９０２００００００００００００１" contains "８" (U+FF18)` + noDigit},
		},
		"iccid_check_digit_valid": {
			{arguments: []string{"89450190000000000019"}, want: "true"},
			{arguments: []string{"8945 0190 0000 0000 0019F"}, want: "true"},
			{arguments: []string{"89450190000000000015"}, want: "false"},
			{arguments: []string{"8944000000000000014"}, want: "false"},
			{arguments: []string{"8945019000000000015"}, want: "true"},
			{arguments: []string{"8.94902E+19"}, failed: `0: "8.94902E+19"` + rounded},
			{arguments: []string{"8945"}, failed: `0: "8945" has 4 digits` + length},
		},
		"product_id": {
			{arguments: []string{"TMSP", "8949 0200 0000 0000 001F"}, want: "TMSP-8949020000000000001"},
			{arguments: []string{"\ufeff1NCE ", "8988280000000000001"}, want: "1NCE-8988280000000000001"},
			{arguments: []string{"", "8949020000000000001"}, failed: `0: ""` + noName},
			{arguments: []string{"TM-SP", "8949020000000000001"}, failed: `0: "TM-SP"` + noName},
			{arguments: []string{"TMSP", "8949"}, failed: `1: "8949" has 4 digits` + length},
			{arguments: []string{"TMSP", "8.94902E+19"}, failed: `1: "8.94902E+19"` + rounded},
		},
		"parse_product_id": {
			{arguments: []string{"TMSP-89490200000000000024"}, want: "TMSP and 89490200000000000024"},
			{arguments: []string{" JASPER-8997 1000 0000 0000 001F"}, want: "JASPER and 8997100000000000001"},
			{arguments: []string{"8949020000000000001"}, failed: `0: "8949020000000000001"` + noHyphen},
			{arguments: []string{""}, failed: `0: ""` + noHyphen},
			{arguments: []string{"-8949020000000000001"}, failed: `0: ""` + noName},
			{arguments: []string{"TMSP-"}, failed: `0: "" has no digits` + length},
			{arguments: []string{"TMSP-89490200000000000024-simCard"},
				failed: `0: "TMSP-89490200000000000024-simCard" is the id of the SIM card within a product: leave out the -simCard suffix`},
			{arguments: []string{"INTELSAT-SN4711"}, failed: `0: "SN4711" contains "S" (U+0053)` + noDigit},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range calls {
				if got, problem := call(t, server, name, c.arguments...); got != c.want || problem != c.failed {
					t.Errorf("%s(%q) = %q, %q\nwant %q, %q", name, c.arguments, got, problem, c.want, c.failed)
				}
			}
		})
	}
}

// TestFunctions_described: each function, parameter and result has what its page needs.
func TestFunctions_described(t *testing.T) {
	t.Parallel()
	functions, err := providerserver.NewProtocol6(provider.New("test")())().GetFunctions(t.Context(),
		&tfprotov6.GetFunctionsRequest{})
	if err != nil || len(functions.Functions) != 4 {
		t.Fatalf("%d functions, %v", len(functions.Functions), err)
	}
	for name, f := range functions.Functions {
		if f.Summary == "" || !strings.Contains(f.Description, "18 to 22") || f.VariadicParameter != nil {
			t.Errorf("%s: %+v", name, f)
		}
		for _, parameter := range f.Parameters {
			if parameter.Description == "" || parameter.AllowNullValue || parameter.AllowUnknownValues {
				t.Errorf("%s: %+v", name, parameter)
			}
		}
	}
}

// TestAccFunctions_table: what the guide on fleets says of a bad table is what the CLI says, and nothing is sent.
func TestAccFunctions_table(t *testing.T) {
	t.Parallel()
	const header = "\ufeffvehicle;backend;iccid;status\r\n"
	for name, c := range map[string]struct{ rows, want string }{
		"rounded":       {"van-1;TMSP;8.94902E+19;active\r\n", "as a spreadsheet writes it"},
		"letter":        {"van-1;TMSP;894902000000000000O1;active\r\n", `contains "O" (U+004F)`},
		"digit too few": {"van-1;TMSP;89490200000000001;active\r\n", "18 to 22 digits"},
		"SIM twice": {"van-1;TMSP;89490200000000000001;active\r\nvan-2;TMSP;8949 0200 0000 0000 0001F;active\r\n",
			"Duplicate object key"},
		"unknown backend": {"van-1;T-MSP;89490200000000000001;active\r\n", "is not the name of a backend"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newExampleEnv(t)
			cli := exampleCLI(t, env)
			cli.Need("1.8", "1.7") // provider functions
			use(t, cli, "scenarios/fleet-from-spreadsheet/main.tf")
			cli.Write("fleet.csv", header+c.rows)
			output, exit := cli.Run("apply", "-auto-approve")
			// The CLI breaks lines, and draws a bar before each.
			if text := strings.Join(strings.FieldsFunc(output,
				func(r rune) bool { return r == ' ' || r == '\n' || r == '\u2502' }), " "); exit != 1 ||
				!strings.Contains(text, c.want) || len(env.Ledger()) != 0 {
				t.Errorf("exit code %d, %d changes:\n%s", exit, len(env.Ledger()), output)
			}
		})
	}
}
