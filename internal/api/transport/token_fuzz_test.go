package transport

import (
	"net/http"
	"testing"
	"time"
)

// FuzzTokenAnswer: whatever answers gives a token that can be sent, or a complete reason, and is never asked for ever.
func FuzzTokenAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"T","expires_in":300}`, `{"access_token":"T","expires_in":"-1e9"}`, `{"error":"invalid_client"}`,
		"<p>x",
		"\xef\xbb\xbf{}", "access_token=a%0Ab", `{"access_token":["a"]}`, "null", "",
	} {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 407, 429, 500} {
			f.Add(status, "application/x-www-form-urlencoded", []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		header := http.Header{"Content-Type": {contentType}}
		token, failure := readTokenAnswer(status, header, body)
		if failure == nil {
			if token.text == "" || Invisible(token.text) != "" || token.life <= 0 || token.life > 24*time.Hour ||
				status/100 != 2 {
				t.Errorf("%+v with %d", token, status)
			}
			return
		}
		if token != (accessToken{}) || failure.Refused && failure.NotTheEndpoint {
			t.Errorf("%+v, %+v", token, failure)
		}
		if temporaryStatus(status) && !failure.Temporary() {
			t.Errorf("%d is final: %+v", status, failure)
		}
	})
}
