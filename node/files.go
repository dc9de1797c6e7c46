package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/console"
	"bulwark/decide/identity"
	"bulwark/observe/sensor"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
	"bulwark/platform/vault"
)

// filesDir is the folder of copies of files in the data directory, filesKey the purpose of the key that seals them.
const (
	filesDir = "files"
	filesKey = "vault/files"
)

// openFiles opens the copies of files in dir; nil where none are kept.
func (n *Node) openFiles(dir string) (*sensor.Files, error) {
	c := n.config.Sensor.Files.Extract
	if !c.On() {
		return nil, nil
	}
	return sensor.OpenFiles(sensor.FilesNeeds{Config: c, Dir: filepath.Join(dir, filesDir), Key: vault.Key(n.keys.Derive(filesKey)),
		Clock: n.clock, Health: n.health, Log: n.log.With("room", "sensor")})
}

var (
	errNoFiles = errors.New("this node keeps no copies of files: sensor.files.extract says of which")
	errNoCopy  = errors.New("no such copy is kept any more, or none was")
)

// fileAsked is who asks for which copy, and why.
type fileAsked struct {
	Actor  string `json:"-"`
	SHA256 string `json:"sha256"` // or its first letters
	Reason string `json:"reason"`
	Plain  bool   `json:"plain"` // the file itself, not in an archive
}

// check refuses what cannot be answered, and completes the digest.
func (n *Node) checkFile(a *fileAsked) (err error) {
	a.Reason = strings.TrimSpace(strings.ToValidUTF8(a.Reason, "?"))
	switch {
	case n.files == nil:
		return errNoFiles
	case a.Reason == "":
		return errors.New("copies of files are opened for a reason: name it")
	case len(a.Reason) > maxReason:
		return fmt.Errorf("the reason is longer than %d bytes", maxReason)
	}
	a.SHA256, err = n.files.Find(a.SHA256)
	if errors.Is(err, sensor.ErrNoFile) {
		return errNoCopy
	}
	return err
}

// file hands out a copy that was asked for as [Node.checkFile] says. That it is opened, and why, stands in the ledger
// before the first byte leaves; whether it left, after the last.
func (n *Node) file(ctx context.Context, a fileAsked, out io.Writer) (sensor.KeptFile, error) {
	e := ledger.Entry{Actor: a.Actor, Act: "file.open", Object: "file:" + a.SHA256, Outcome: ledger.Done,
		Detail: map[string]string{"reason": a.Reason, "plain": strconv.FormatBool(a.Plain)}}
	if _, err := n.ledger.Record(ctx, e); err != nil {
		return sensor.KeptFile{}, err
	}
	k, err := n.files.Get(ctx, a.SHA256, a.Plain, out)
	e.Act, e.Detail = "file.handed-out", map[string]string{"reason": a.Reason, "bytes": strconv.FormatInt(k.Size, 10)}
	if err != nil {
		e.Outcome = ledger.Failed
	}
	_, noted := n.ledger.Record(context.WithoutCancel(ctx), e)
	return k, errors.Join(err, noted)
}

// handsOutFiles is how the console hands out copies; nil where none are kept.
func (n *Node) handsOutFiles() func(*http.Request, console.FileQuery, io.Writer) error {
	if n.files == nil {
		return nil
	}
	return func(r *http.Request, q console.FileQuery, out io.Writer) error {
		p, ok := identity.From(r.Context())
		if !ok {
			return errors.New("node: nobody is signed in")
		}
		a := fileAsked{Actor: p.Actor(), SHA256: q.SHA256, Reason: q.Reason}
		if err := n.checkFile(&a); errors.Is(err, errNoCopy) {
			return console.ErrNoFile
		} else if err != nil {
			return err
		}
		_, err := n.file(r.Context(), a, out)
		return err
	}
}

func (n *Node) orderFiles(w http.ResponseWriter, _ *http.Request) {
	if n.files == nil {
		answer(w, nil, errNoFiles)
		return
	}
	answer(w, n.files.List(maxListed), nil)
}

// maxListed is how many copies are listed.
const maxListed = 1000

// errorTrailer is the HTTP trailer in which the control socket says what went wrong on the way.
const errorTrailer = "Bulwark-Error"

func (n *Node) orderFile(w http.ResponseWriter, r *http.Request) {
	a := fileAsked{}
	err := json.NewDecoder(r.Body).Decode(&a)
	a.Actor = ledger.Host
	if err == nil {
		err = n.checkFile(&a)
	}
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Trailer", errorTrailer)
	w.Header().Set("Content-Type", "application/octet-stream")
	if _, err := n.file(r.Context(), a, w); err != nil {
		w.Header().Set(errorTrailer, err.Error())
		return
	}
	w.Header().Set(errorTrailer, "none")
}

func filesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use: "files", Short: "List and hand out copies of files that crossed the wire",
		Long: `List and hand out the copies of files that sensor.files.extract says to keep. See docs/guide/files.md.

What is in them crossed the network and may be malware. They are handed out in a ZIP archive with the password
"` + sensor.FilePassword + `", so that nothing opens them by mistake and no scanner takes them away. Open them on a machine that is made for it.`,
	}
	parent(cmd)
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List the copies that are kept, the newest first", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error { return listFiles(cmd, t) },
	}, getFileCommand(t))
	return cmd
}

func listFiles(cmd *cobra.Command, t Terminal) error {
	var all []sensor.KeptFile
	if err := ask(cmd, http.MethodGet, "/files", order{}, &all); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SHA-256\tTYPE\tSIZE\tSINCE\tBY\tNAME")
	for _, k := range all {
		kind := k.Type
		if kind == "" {
			kind = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", k.SHA256, printable(kind), k.Size, k.Time.Local().Format(time.DateTime), printable(k.App), printable(k.Name))
	}
	return w.Flush()
}

func getFileCommand(t Terminal) *cobra.Command {
	var output string
	a := fileAsked{}
	cmd := &cobra.Command{
		Use: "get SHA-256", Short: "Hand out a copy, in an archive that does not open by mistake",
		Long: `Write the copy with that SHA-256, or the only one that begins with these letters (at least 8), to a file: in a ZIP
archive with the password "` + sensor.FilePassword + `", or with --plain as it crossed the wire.

Copies hold what patients and staff sent, and what attackers did: who opened them and why is written to the ledger.`,
		Example: `  bulwark files get 9f2d4a1c --reason "incident 12" -o suspicious.zip
  bulwark files get 9f2d4a1c --reason "incident 12" --plain -o - | yara rules.yar -`,
		Args: exactly("the SHA-256 of a copy; bulwark files list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.SHA256 = args[0]
			switch {
			case strings.TrimSpace(a.Reason) == "":
				return usage(errors.New("copies of files are opened for a reason: name it with --reason"))
			case output == "":
				return usage(errors.New("get needs --output: a file, or - for standard output"))
			}
			return getFile(cmd, t, a, output)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Reason, "reason", "", "why it is opened, for the ledger")
	f.BoolVar(&a.Plain, "plain", false, "the file itself, not in an archive: it may be malware")
	f.StringVarP(&output, "output", "o", "", "write to this `file`; - is standard output")
	_ = cmd.MarkFlagFilename("output") // the flag stands above
	return cmd
}

func getFile(cmd *cobra.Command, t Terminal, a fileAsked, output string) error {
	resp, err := call(cmd, http.MethodPost, "/files", a)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := save(resp.Body, t, output); err != nil {
		return &exit{ExitFailure, err}
	}
	switch said := resp.Trailer.Get(errorTrailer); said {
	case "none":
	case "":
		return &exit{ExitFailure, errors.New("bulwark ended before the last byte")}
	default:
		return &exit{ExitFailure, errors.New(said)}
	}
	if output != "-" && !a.Plain {
		fmt.Fprintf(t.Err, "The password of the archive is %q. What is in it may be malware.\n", sensor.FilePassword)
	}
	return nil
}

func lookAtFiles(c Config, dir string) finding {
	e := &c.Sensor.Files.Extract
	if !e.On() {
		return finding{"copies of files", fine, "none are kept: sensor.files.extract.types is empty", ""}
	}
	dir = filepath.Join(dir, filesDir)
	if st, err := os.Stat(existing(dir)); err != nil || !st.IsDir() {
		return finding{"copies of files", broken, dir + " cannot be made", "choose another data directory"}
	}
	text := fmt.Sprintf("of %s, at most %v, none older than %s, sealed, in %s", strings.Join(e.Types, ", "), conf.Size(e.Size), short(e.Age), dir)
	return finding{"copies of files", fine, text, ""}
}
