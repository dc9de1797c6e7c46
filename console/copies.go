package console

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"bulwark/platform/web"
)

// FileQuery says which copy of a file is asked for, and why.
type FileQuery struct {
	SHA256 string
	Reason string
}

// ErrNoFile means that the copy that a [FileQuery] asks for is not kept.
var ErrNoFile = errors.New("console: no such copy")

// copyOf hands out the copy of a file, in an archive that no browser opens.
func (c *Console) copyOf(w http.ResponseWriter, r *http.Request) {
	q := FileQuery{SHA256: r.PathValue("sum"), Reason: strings.TrimSpace(r.URL.Query().Get("reason"))}
	var err error
	switch sum, fault := hex.DecodeString(q.SHA256); {
	case fault != nil || len(sum) != 32:
		err = asked("bad-digest")
	case q.Reason == "" || len(q.Reason) > 500:
		err = asked("no-reason")
	case c.Copies == nil:
		err = missing("no-files")
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="bulwark-`+q.SHA256[:16]+`.zip"`)
	begun := &begun{to: web.NewPatient(w)}
	err = c.Copies(r, q, begun)
	if errors.Is(err, ErrNoFile) {
		err = missing("no-file")
	}
	switch {
	case err == nil:
	case begun.yes:
		panic(http.ErrAbortHandler) // the browser must see that the file is not whole
	default:
		h.Del("Content-Disposition")
		refuse(w, r, err)
	}
}
