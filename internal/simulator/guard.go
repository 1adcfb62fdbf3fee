package simulator

import (
	"fmt"
	"mime"
	"net"
	"net/http"
)

// guard keeps foreign pages away from controls that ask for no credentials. Whatever runs in a browser of this
// machine can reach the loopback interface, so that each request must show where it comes from:
//
//   - It names a loopback host. A page whose own name was made to point here (DNS rebinding) sends its own name.
//   - If it changes something, then it comes from our own page (Sec-Fetch-Site, or Origin where that is missing), and
//     its body says that it is JSON: a foreign page can't say that without asking first (CORS), and it would be told
//     no.
//
// What is no browser sends neither Origin nor Sec-Fetch-Site, and need not mind: curl -d works as it is.
func guard(h http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusForbidden, "a foreign page (%s) must not use the controls", r.Header.Get("Origin"))
	}))
	checked := sameOrigin.Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		switch {
		case !isLoopback(r.Host):
			refuse(w, http.StatusForbidden, "the host must be a loopback one, not %q", r.Host)
		case fromBrowser(r) && r.ContentLength != 0 && !saysJSON(r):
			refuse(w, http.StatusUnsupportedMediaType, "the content type must be application/json, not %q",
				r.Header.Get("Content-Type"))
		default:
			checked.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	sendControl(w, status, map[string]string{"error": fmt.Sprintf(format, args...)})
}

// isLoopback tells whether a Host header names this machine itself.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// fromBrowser tells whether a page sent this: browsers add one of these to each change.
func fromBrowser(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
}

func saysJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}
