package gitprovider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"fairlead"
)

// bitbucketAPI makes the calls of one operation with one access token, and keeps their answers in one trace.
type bitbucketAPI struct {
	host   *BitbucketCloud
	trace  *trace
	client *http.Client
	access fairlead.Secret
}

func (b *BitbucketCloud) api(t *trace, access fairlead.Secret) *bitbucketAPI {
	return &bitbucketAPI{host: b, trace: t, client: t.httpClient(), access: access}
}

// with is api with a trace of its own. The secrets are further ones that the calls send.
func (b *BitbucketCloud) with(access fairlead.Secret, secrets ...fairlead.Secret) *bitbucketAPI {
	return b.api(b.Client.newTrace(append(secrets, access)...), access)
}

// bitbucketPage is any paged list: next is an absolute URL, absent on the last page.
type bitbucketPage[T any] struct {
	Values []T    `json:"values"`
	Next   string `json:"next"`
}

// get asks the API and decodes a 200; everything else is a diagnosis.
func (c *bitbucketAPI) get(ctx context.Context, address string, into any) error {
	return c.do(ctx, http.MethodGet, address, nil, into)
}

// do makes a call and decodes what a success says; everything else is a diagnosis. body and into may be nil.
func (c *bitbucketAPI) do(ctx context.Context, method, address string, body, into any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.access.Reveal()) // the header only: Bitbucket takes it nowhere else since 2026
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	response, err := c.client.Do(req)
	if gone := cancelled(ctx); gone != nil {
		return gone
	}
	if err == nil {
		_ = response.Body.Close()
	}
	if d := c.trace.diagnose(c.host.Kind()); d != nil {
		return d
	}
	last := c.trace.last()
	if last.status/100 == 2 && (into == nil || json.Unmarshal(last.body, into) == nil) {
		return nil
	}
	if missing, granted, _ := insufficientScope(last); len(missing) > 0 {
		return c.trace.finish(permissionMissing(c.host.Kind(), missing, granted), fairlead.RungPermissions)
	}
	return c.trace.finish(unexpected(c.host.Kind(), last), fairlead.RungPermissions)
}

// isAPI refuses to follow a next page to anywhere but the API: the token would go along.
func (c *bitbucketAPI) isAPI(address string) bool {
	api, err1 := url.Parse(c.host.API)
	next, err2 := url.Parse(address)
	return err1 == nil && err2 == nil && next.Scheme == api.Scheme && next.Host == api.Host
}

// insufficientScope reads Bitbucket's 403, whose detail is an object {required, granted} here and a string elsewhere. told
// is false for one that is not about scopes.
func insufficientScope(a answer) (missing, granted []string, told bool) {
	if a.status != http.StatusForbidden {
		return nil, nil, false
	}
	var body struct {
		Error struct {
			Detail json.RawMessage `json:"detail"`
		} `json:"error"`
	}
	var detail struct {
		Required []string `json:"required"`
		Granted  []string `json:"granted"`
	}
	if json.Unmarshal(a.body, &body) != nil || json.Unmarshal(body.Error.Detail, &detail) != nil || len(detail.Required) == 0 {
		return nil, nil, false
	}
	return bitbucketLacking(detail.Required, detail.Granted), detail.Granted, true
}

// meanings say what the statuses of an answer mean for what was asked for. said is what the host wrote, redacted.
type meanings map[int]func(k fairlead.Kind, said string) *fairlead.Diagnosis

// What is asked for by connections. Bitbucket answers 404 for a repository that the account may not see, too (OpenAPI
// description of Bitbucket Cloud).
var (
	aboutAccount    = meanings{}
	aboutOwner      = meanings{http.StatusForbidden: ownerClosed, http.StatusNotFound: ownerClosed}
	aboutRepository = meanings{http.StatusForbidden: repositoryClosed, http.StatusNotFound: repositoryGone}
	aboutBranch     = meanings{http.StatusForbidden: repositoryClosed, http.StatusNotFound: branchMissing}
	aboutCommit     = meanings{http.StatusForbidden: repositoryClosed, http.StatusNotFound: commitMissing}
	aboutWebhooks   = meanings{http.StatusForbidden: repositoryNotAdmin, http.StatusNotFound: repositoryGone, http.StatusBadRequest: webhookRefused}
	aboutWebhook    = meanings{http.StatusForbidden: repositoryNotAdmin, http.StatusNotFound: webhookMissing, http.StatusBadRequest: webhookRefused}
)

// ask is do for what hangs on a connection: a token that is refused and a call that is gone are told apart from the rest,
// and what other statuses mean depends on what was asked for.
func (c *bitbucketAPI) ask(ctx context.Context, about meanings, method, address string, body, into any) error {
	err := c.do(ctx, method, address, body, into)
	var d *fairlead.Diagnosis
	if !errors.As(err, &d) {
		return err
	}
	last := c.trace.last()
	switch {
	case d.Code == fairlead.DiagnosisPermissionMissing:
		return c.trace.finish(permissionLost(c.host.Kind(), d), "")
	case d.Code != fairlead.DiagnosisUnexpectedAnswer:
		return d
	}
	if _, _, told := insufficientScope(last); told { // of a box that Fairlead does not know to need
		return d
	}
	if means := about[last.status]; means != nil {
		return c.trace.finish(means(c.host.Kind(), c.said(last)), "")
	}
	switch last.status {
	case http.StatusUnauthorized:
		return c.trace.finish(tokenRejected(c.host.Kind(), c.said(last)), "")
	case http.StatusGone:
		return c.trace.finish(endpointRemoved(c.host.Kind(), last, c.said(last)), "")
	}
	return d
}

// read is ask for a GET.
func (c *bitbucketAPI) read(ctx context.Context, about meanings, address string, into any) error {
	return c.ask(ctx, about, http.MethodGet, address, nil, into)
}

// readPages reads a list page by page and hands every value out. more tells that there are more pages than were read.
func readPages[T any](ctx context.Context, c *bitbucketAPI, about meanings, address string, pages int, take func(T)) (more bool, err error) {
	for range pages {
		var page bitbucketPage[T]
		if err := c.read(ctx, about, address, &page); err != nil {
			return false, err
		}
		for _, value := range page.Values {
			take(value)
		}
		if address = page.Next; address == "" {
			return false, nil
		}
		if !c.isAPI(address) {
			return true, nil
		}
	}
	return true, nil
}

// bitbucketError is the body of every error of the API (OpenAPI description of Bitbucket Cloud).
type bitbucketError struct {
	Error struct {
		Message string          `json:"message"`
		Fields  json.RawMessage `json:"fields"` // a list of texts, or one text, by field
	} `json:"error"`
}

// said is the host's own message, fit to show; "" if there is none. A mistake in the field url tells more than the message.
func (c *bitbucketAPI) said(a answer) string {
	var body bitbucketError
	if json.Unmarshal(a.body, &body) != nil {
		return ""
	}
	message := body.Error.Message
	var fields map[string]json.RawMessage
	if json.Unmarshal(body.Error.Fields, &fields) == nil {
		var texts []string
		var text string
		if json.Unmarshal(fields["url"], &texts) == nil && len(texts) > 0 {
			message = texts[0]
		} else if json.Unmarshal(fields["url"], &text) == nil && text != "" {
			message = text
		}
	}
	return redact(message, c.trace.secrets)
}

// hasCode reports whether an error is a diagnosis with this code.
func hasCode(err error, code fairlead.DiagnosisCode) bool {
	var d *fairlead.Diagnosis
	return errors.As(err, &d) && d.Code == code
}
