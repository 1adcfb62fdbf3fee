package simulator

import "strings"

// iccDigits is how many digits an ICC has before its check digit, where that is shown as the twentieth.
const iccDigits = 19

// checkDigit is the digit that makes an ICC of 19 digits one of 20, by the formula of Luhn.
func checkDigit(icc string) string {
	sum := 0
	for i := range len(icc) {
		digit := int(icc[len(icc)-1-i] - '0')
		if i%2 == 0 { // counted from the right, beside the check digit
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return string(rune('0' + (10-sum%10)%10))
}

// withCheckDigit is an ICC of 19 digits with its check digit; others stay as they are.
func withCheckDigit(icc string) string {
	if len(icc) != iccDigits {
		return icc
	}
	return icc + checkDigit(icc)
}

// withoutCheckDigit takes a twentieth digit away, where it is the check digit.
func withoutCheckDigit(icc string) string {
	if len(icc) == iccDigits+1 && icc == withCheckDigit(icc[:iccDigits]) {
		return icc[:iccDigits]
	}
	return icc
}

// word is a status as the CMO writes it.
func (q CMOQuirks) word(status string) string {
	switch q.StatusCase {
	case "title":
		return status[:min(1, len(status))] + strings.ToLower(status[min(1, len(status)):])
	case "lower":
		return strings.ToLower(status)
	}
	return status
}
