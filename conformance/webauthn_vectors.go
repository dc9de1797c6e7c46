package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"

	"bulwark/decide/identity/identitytest"
)

// vector is one example of the specification: a passkey that is made, or shown.
type vector map[string][]byte

// specification reads the vectors as the library carries them in its own tests: they are in its module, and in no package.
func specification(ctx context.Context) (made, shown map[string]vector, err error) {
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-webauthn/webauthn").Output()
	if err != nil {
		return nil, nil, &Skip{"go does not say where the library of passkeys is"}
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), "protocol", "specification_vectors_e2e_test.go")
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, nil, &Skip{"the library carries no vectors: " + err.Error()}
	}
	made, shown = map[string]vector{}, map[string]vector{}
	ast.Inspect(f, func(n ast.Node) bool {
		c, ok := n.(*ast.CompositeLit)
		if !ok || c.Type != nil {
			return true
		}
		name, v := literal(c)
		switch {
		case v["attestationObject"] != nil:
			made[name] = v
		case v["signature"] != nil:
			shown[name] = v
		}
		return true
	})
	if len(made) == 0 || len(shown) == 0 {
		return nil, nil, errors.New("the library's vectors are written in another way now: " + path)
	}
	return made, shown, nil
}

// literal is the name of an example, and those of its values that are bytes.
func literal(c *ast.CompositeLit) (name string, v vector) {
	v = vector{}
	for _, e := range c.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		field, ok := kv.Key.(*ast.Ident)
		if !ok {
			continue
		}
		value, ok := kv.Value.(*ast.BasicLit)
		if !ok || value.Kind != token.STRING {
			continue
		}
		text, err := strconv.Unquote(value.Value)
		if err != nil {
			continue
		}
		if field.Name == "name" {
			name = text
		} else if b, err := hex.DecodeString(text); err == nil && len(b) > 0 {
			v[field.Name] = b
		}
	}
	return name, v
}

// recognised tells whether an authenticator says that it recognised its holder.
func recognised(says []byte) bool {
	of := sha256.Sum256([]byte(partyID))
	at := bytes.Index(says, of[:])
	return at >= 0 && len(says) > at+32 && says[at+32]&identitytest.Recognised != 0
}

// vectors has the examples of the specification made and shown. Each is asked for as the console asks, which takes nobody who was not
// recognised and no page of another site; and those of whom it takes none, once without asking for that.
func (d *desk) vectors(ctx context.Context) ([]Case, error) {
	made, shown, err := specification(ctx)
	if err != nil {
		return nil, err
	}
	var cases []Case
	seen := map[string]bool{}
	for name, m := range made {
		if key := string(m["attestationObject"]); seen[key] {
			continue // the same under other rules of the library
		} else {
			seen[key] = true
		}
		s := same(shown, m)
		name = strings.TrimSuffix(name, "NotAllowed")
		all, taken := d.vector(name, m, s, protocol.VerificationRequired)
		cases = append(cases, all...)
		if !taken { // a challenge that was answered once is not answered again
			all, _ = d.vector(name, m, s, protocol.VerificationDiscouraged)
			cases = append(cases, all...)
		}
	}
	return cases, nil
}

// same is where the passkey of m is shown.
func same(shown map[string]vector, m vector) vector {
	for _, s := range shown {
		if bytes.Equal(s["credentialID"], m["credentialID"]) {
			return s
		}
	}
	return nil
}

// makers are the formats whose attestation must lead to the maker itself; that of the examples leads to an authority of the specification.
var makers = [][]byte{[]byte("cfmtctpm"), []byte("cfmtkandroid-key"), []byte("cfmteapple")}

// vector has one example made, and shown where it was taken.
func (d *desk) vector(name string, m, s vector, uv protocol.UserVerificationRequirement) (cases []Case, taken bool) {
	foreign := func(v vector) bool {
		unknown := slices.ContainsFunc(makers, func(f []byte) bool { return bytes.Contains(v["attestationObject"], f) })
		return unknown || bytes.Contains(v["clientDataJSON"], []byte(`"crossOrigin":true`))
	}
	allowed := func(v vector, says []byte) bool {
		return !foreign(v) && (uv != protocol.VerificationRequired || recognised(says))
	}
	what := name + ", recognised: " + string(uv)
	first := Case{Family: "specification", Name: what + ", made"}
	d.signInAgain()
	taken, err := d.tell(atNew, m, uv, func() ([]byte, error) {
		return identitytest.Made(m["credentialID"], m["attestationObject"], m["clientDataJSON"])
	})
	first.Why = misjudged(taken, allowed(m, m["attestationObject"]), err)
	if !taken || s == nil {
		return []Case{first}, taken
	}
	second := Case{Family: "specification", Name: what + ", shown"}
	shown, err := d.tell(atSignIn, s, uv, func() ([]byte, error) {
		return identitytest.Shown(s["credentialID"], s["authenticatorData"], s["clientDataJSON"], s["signature"], []byte(d.person))
	})
	second.Why = misjudged(shown, allowed(s, s["authenticatorData"]), errors.Join(err, d.forget()))
	return []Case{first, second}, taken
}

// tell sends an example with a question of its challenge.
func (d *desk) tell(at string, v vector, uv protocol.UserVerificationRequirement, answer func() ([]byte, error)) (bool, error) {
	ceremony, err := d.forge(at, v["challenge"], uv)
	if err != nil {
		return false, err
	}
	text, err := answer()
	if err != nil {
		return false, err
	}
	return d.answer(at, ceremony, text), nil
}

func misjudged(taken, allowed bool, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case taken != allowed:
		return fmt.Sprintf("taken: %v", taken)
	}
	return ""
}
