package gitprovider_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// unescape is what a host does that decodes form encoding.
func unescape(s string) string {
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return decoded
}

// echoes are the ways in which a host, or a proxy that wants to help, can send back what it got.
func echoes() map[string]func(w http.ResponseWriter, status int, text string) {
	return map[string]func(http.ResponseWriter, int, string){
		"JSON": func(w http.ResponseWriter, status int, text string) {
			answerJSON(w, status, map[string]string{"error": "echo", "error_description": text})
		},
		"JSON of the API": func(w http.ResponseWriter, status int, text string) {
			answerJSON(w, status, map[string]any{"type": "error", "error": map[string]string{"message": text}})
		},
		"JSON with escaped slashes": func(w http.ResponseWriter, status int, text string) {
			encoded, _ := json.Marshal(text)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":`+strings.ReplaceAll(string(encoded), "/", `\/`)+`}`)
		},
		"HTML": func(w http.ResponseWriter, status int, text string) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html><p>"+html.EscapeString(text)+"</p>")
		},
		"plain text": func(w http.ResponseWriter, status int, text string) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		},
		"text with a null in between": func(w http.ResponseWriter, status int, text string) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.Join(strings.Split(text, ""), "\x00"))
		},
		"an address": func(w http.ResponseWriter, status int, text string) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "https://host.example/"+url.PathEscape(text)+"?"+url.QueryEscape(text))
		},
	}
}

// wantNothingPlanted looks for everything that was sent, in every form that can be turned back.
func wantNothingPlanted(t *testing.T, err error) {
	t.Helper()
	d := diagnosis(t, err)
	encoded, _ := json.Marshal(d)
	texts := []string{string(encoded), err.Error(), fmt.Sprintf("%+v", *d)}
	for _, a := range d.Answers {
		texts = append(texts, a.Text, html.UnescapeString(a.Text), unescape(a.Text), strings.NewReplacer(`\/`, "/", `\"`, `"`, `\u0026`, "&", `\u003c`, "<").Replace(a.Text))
	}
	id, secret := app().ID, app().Secret.Reveal()
	for _, value := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), plantedCode, url.QueryEscape(plantedCode), plantedVerifier, plantedToken,
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(id+":"+secret)), "="),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))), "="),
	} {
		for _, text := range texts {
			if strings.Contains(text, value) {
				t.Errorf("%q is in %s", value, text)
			}
		}
	}
}

func TestNothingThatWasSentComesBackInADiagnosis(t *testing.T) {
	for form, echo := range echoes() {
		for _, status := range []int{200, 302, 400, 401, 403, 418, 429, 500} {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				id, secret, _ := r.BasicAuth()
				values, _ := url.ParseQuery(string(body))
				echo(w, status, fmt.Sprint(r.Header.Get("Authorization"), " | ", id, ":", secret, " | ", unescape(id), ":", unescape(secret),
					" | ", string(body), " | ", values.Get("code"), " | ", values.Get("code_verifier")))
			})
			for name, call := range trips(hostAt(server), app()) {
				t.Run(fmt.Sprintf("%s/%d/%s", form, status, name), func(t *testing.T) { wantNothingPlanted(t, call()) })
			}
		}
	}
}

func TestATokenInAFailureIsNotShown(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, 400, map[string]string{"error": "odd", "access_token": plantedToken, "refresh_token": plantedToken})
	})
	for _, name := range []string{"precheck", "exchange"} {
		wantNothingPlanted(t, trips(hostAt(server), app())[name]())
	}
}

func TestTheHostsWordsStayReadable(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, 418, map[string]string{"error": "odd", "error_description": "The workspace acme-data is read-only.\u202e\x07"})
	})
	d := diagnosis(t, trips(hostAt(server), app())["exchange"]())
	want := `{"error":"odd","error_description":"The workspace acme-data is read-only.`
	if got := d.Answers[0]; !strings.HasPrefix(got.Text, want) || got.Status != "418 I'm a teapot" || got.Request != "POST "+server.URL+"/site/oauth2/access_token" {
		t.Errorf("got %+v", got)
	}
}

func TestALongAnswerIsCut(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(418)
		_, _ = io.WriteString(w, strings.Repeat("é", 5000))
	})
	if n := len([]rune(diagnosis(t, trips(hostAt(server), app())["proof"]()).Answers[0].Text)); n > 610 {
		t.Errorf("%d characters", n)
	}
}
