package bitbucketsim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// retryAfter is whole seconds, rounded up.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

// writeFaultStatus answers as the part of the site that fails would: a gateway speaks HTML, the application JSON.
func writeFaultStatus(w http.ResponseWriter, f Faults, where string) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", retryAfter(f.RetryAfter))
	}
	words := http.StatusText(f.Status)
	if f.Message != "" {
		words = f.Message
	}
	switch {
	case f.Status > http.StatusInternalServerError && f.Message == "":
		writeHTML(w, f.Status, fmt.Sprintf("<html>\n<head><title>%[1]d %[2]s</title></head>\n<body>\n<center><h1>%[1]d %[2]s</h1></center>\n</body>\n</html>\n", f.Status, words))
	case f.Status == http.StatusTooManyRequests && f.Message == "":
		writeJSON(w, f.Status, apiErrorBody("Rate limit for this resource has been exceeded", nil, nil))
	case where == whereToken:
		writeJSON(w, f.Status, map[string]string{"error": "server_error", "error_description": words})
	case f.Status == http.StatusGone && f.Message == "":
		removedEndpoint(w, nil)
	case f.Status == http.StatusUnauthorized && f.Message == "":
		(&apiError{status: f.Status, message: tokenExpired}).write(w)
	default:
		(&apiError{status: f.Status, message: words}).write(w)
	}
}

// tokenExpired is the newest of several wordings that were observed; Faults.Message can say another.
const tokenExpired = "Access token expired. Use your refresh token to obtain a new access token."
