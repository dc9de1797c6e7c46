package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Problem is the body of a refusal. Code is stable and for machines; the console has its sentence.
type Problem struct {
	Code string `json:"error"`
	// Fields tells which input was refused and why, as a code.
	Fields  map[string]string `json:"fields,omitempty"`
	Request string            `json:"request_id,omitempty"`
}

// Refuse answers status with a code: JSON, or one plain line for a browser that asks for a page.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	RefuseFields(w, r, status, code, nil)
}

// RefuseFields is [Refuse] with the inputs that were refused.
func RefuseFields(w http.ResponseWriter, r *http.Request, status int, code string, fields map[string]string) {
	id := RequestID(r.Context())
	if WantsPage(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, "%d %s (%s)\nBulwark %s\n", status, http.StatusText(status), code, id)
		return
	}
	JSON(w, status, Problem{Code: code, Fields: fields, Request: id})
}

// Fault is how an error of a room is answered.
type Fault struct {
	Err    error
	Status int
	Code   string
}

// RefuseFault refuses by the first of the faults that err is, with the words of err, without its package's name, in the field
// "why". It is false, and nothing was answered, where err is none of them.
func RefuseFault(w http.ResponseWriter, r *http.Request, err error, faults ...Fault) bool {
	for _, f := range faults {
		if errors.Is(err, f.Err) {
			_, why, _ := strings.Cut(err.Error(), ": ")
			RefuseFields(w, r, f.Status, f.Code, map[string]string{"why": why})
			return true
		}
	}
	return false
}

// WantsPage tells whether r comes from a browser that goes to a page, rather than from a program or a script.
func WantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// JSON answers status with v.
func JSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("web: encoding an answer: %v", err)) // a type that cannot be encoded is our own fault
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// ErrBody means that the body of a request is not the JSON that was asked for.
var ErrBody = errors.New("web: bad body")

// ReadJSON reads the body of r, one JSON value of exactly the shape of v. The route's limit bounds its size.
func ReadJSON(r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return fmt.Errorf("%w: not application/json", ErrBody)
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrBody, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", ErrBody)
	}
	return nil
}

// LocalPath is path when a redirect to it certainly stays on this site, and fallback otherwise. It is stricter than a
// browser: a slash, then neither slash nor backslash; printable ASCII only; no backslash, no double slash and no dot
// segment anywhere, nor in the decoded path, because something else may decode it again.
func LocalPath(path, fallback string) string {
	before, _, _ := strings.Cut(path, "?")
	decoded, err := url.PathUnescape(before)
	if err != nil || len(path) > 2000 || !stays(path) || !stays(decoded) {
		return fallback
	}
	return path
}

func stays(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") ||
		strings.ContainsFunc(path, func(c rune) bool { return c <= 0x20 || c >= 0x7f || c == '\\' }) {
		return false
	}
	for segment := range strings.FieldsFuncSeq(path, func(c rune) bool { return strings.ContainsRune("/?#&=;", c) }) {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}
