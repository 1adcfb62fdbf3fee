package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"

	// Another thing has the name identity in this package.
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

var _ provider.ProviderWithFunctions = (*telcoProvider)(nil)

// Functions are pure: they read their arguments and nothing else, so that lists can be cleaned in locals and in
// validations, before any service is known.
func (p *telcoProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newICCIDFunction,
		newICCIDCheckDigitValidFunction,
		newProductIDFunction,
		newParseProductIDFunction,
	}
}

// pureFunction is a function of texts. An error names the argument that is at fault.
type pureFunction struct {
	name       string
	definition function.Definition
	run        func(arguments []string) (any, *function.FuncError)
}

func (f pureFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f pureFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = f.definition
}

func (f pureFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	arguments := make([]string, len(f.definition.Parameters))
	for i := range arguments {
		if resp.Error = req.Arguments.GetArgument(ctx, i, &arguments[i]); resp.Error != nil {
			return
		}
	}
	result, err := f.run(arguments)
	if err != nil {
		resp.Error = err
		return
	}
	resp.Error = resp.Result.Set(ctx, result)
}

// cleaned is an argument's ICCID. Terraform puts the name of the parameter before the error, and a full stop behind it.
func cleaned(text string, position int64) (string, *function.FuncError) {
	iccid, err := identity.Clean(text)
	if err != nil {
		return "", function.NewArgumentFuncError(position, err.Error())
	}
	return iccid, nil
}

const spellings = "In the ICCID, blanks of any kind, invisible characters, hyphens and one trailing `F` or `f` are " +
	"dropped, and what is left " +
	"must be 18 to 22 digits. A number that a spreadsheet has rounded (`8.94902E+19`), letters and other characters are " +
	"errors."

func newICCIDFunction() function.Function {
	return pureFunction{
		name: "iccid",
		definition: function.Definition{
			Summary: "The digits of an ICCID as a list writes it",
			MarkdownDescription: "Returns the digits of an ICCID and nothing else. " + spellings + " The check digit is not " +
				"looked at.",
			Parameters: []function.Parameter{
				function.StringParameter{Name: "text", MarkdownDescription: "An ICCID in any spelling."},
			},
			Return: function.StringReturn{},
		},
		run: func(arguments []string) (any, *function.FuncError) {
			return cleaned(arguments[0], 0)
		},
	}
}

func newICCIDCheckDigitValidFunction() function.Function {
	return pureFunction{
		name: "iccid_check_digit_valid",
		definition: function.Definition{
			Summary: "Whether the last digit of an ICCID is its check digit",
			MarkdownDescription: "Returns whether the last digit of an ICCID is the Luhn check digit of the digits before " +
				"it. A number that is written without its check digit gives `false`, but for one in ten. " + spellings,
			Parameters: []function.Parameter{
				function.StringParameter{Name: "text", MarkdownDescription: "An ICCID in any spelling."},
			},
			Return: function.BoolReturn{},
		},
		run: func(arguments []string) (any, *function.FuncError) {
			iccid, err := cleaned(arguments[0], 0)
			return err == nil && identity.HasCheckDigit(iccid), err
		},
	}
}

func newProductIDFunction() function.Function {
	return pureFunction{
		name: "product_id",
		definition: function.Definition{
			Summary:             "The product id of a SIM in a backend of the CMO",
			MarkdownDescription: "Returns `BACKEND-ICCID`, the id of a cellular product of the CMO API. " + spellings,
			Parameters: []function.Parameter{
				function.StringParameter{Name: "backend", MarkdownDescription: "The backend as product ids name it, such as " +
					"`TMSP` or `JASPER`: " +
					"letters, digits and underscores. Blanks around it are taken off."},
				function.StringParameter{Name: "iccid", MarkdownDescription: "An ICCID in any spelling."},
			},
			Return: function.StringReturn{},
		},
		run: func(arguments []string) (any, *function.FuncError) {
			backend, err := checkedBackend(arguments[0], 0)
			if err != nil {
				return nil, err
			}
			iccid, err := cleaned(arguments[1], 1)
			return backend + "-" + iccid, err
		},
	}
}

// productIDParts is what parse_product_id returns.
type productIDParts struct {
	Backend types.String `tfsdk:"backend"`
	ICCID   types.String `tfsdk:"iccid"`
}

func newParseProductIDFunction() function.Function {
	return pureFunction{
		name: "parse_product_id",
		definition: function.Definition{
			Summary: "Backend and ICCID of a product id",
			MarkdownDescription: "Splits `BACKEND-ICCID`, the id of a cellular product of the CMO API, into an object with " +
				"`backend` and " +
				"`iccid`. The id of a satellite terminal, which has no ICCID, and that of the SIM card within a product " +
				"(`-simCard`) are errors. " +
				spellings,
			Parameters: []function.Parameter{
				function.StringParameter{Name: "id", MarkdownDescription: "A product id."},
			},
			Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{"backend": types.StringType,
				"iccid": types.StringType}},
		},
		run: func(arguments []string) (any, *function.FuncError) {
			id := arguments[0]
			backend, iccid, ok := strings.Cut(id, "-")
			switch {
			case !ok:
				return nil, function.NewArgumentFuncError(0,
					fmt.Sprintf("%.60q has no hyphen, and a product id is BACKEND-ICCID, such as TMSP-89490200000000000024", id))
			case strings.HasSuffix(strings.TrimSpace(iccid), "-simCard"):
				return nil, function.NewArgumentFuncError(0,
					fmt.Sprintf("%.60q is the id of the SIM card within a product: leave out the -simCard suffix", id))
			}
			backend, err := checkedBackend(backend, 0)
			if err != nil {
				return nil, err
			}
			iccid, err = cleaned(iccid, 0)
			if err != nil {
				return nil, err
			}
			return productIDParts{Backend: types.StringValue(backend), ICCID: types.StringValue(iccid)}, nil
		},
	}
}

// checkedBackend is the name of a backend without what lists put around it.
func checkedBackend(text string, position int64) (string, *function.FuncError) {
	backend := strings.Trim(text, " \t\r\n\u00a0\ufeff")
	outside := func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if backend == "" || strings.ContainsFunc(backend, outside) {
		return "", function.NewArgumentFuncError(position,
			fmt.Sprintf("%.60q is not the name of a backend, which has only letters, digits and underscores, such as "+
				"TMSP", text))
	}
	return backend, nil
}
