package bitbucketsim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

const stateFormat = 1

// state is everything that a restart must carry on with. Bearer values are kept as digests: it keeps tokens of
// thousands of characters out of the file.
type state struct {
	Format      int
	BackendPort string // reused at the next start when it is free, so that stored URLs stay good
	Faults      Faults
	Clients     []Client
	Grants      []grant
	SignIns     map[string]signIn
	Codes       map[string]code
	Access      map[string]accessToken
	Refresh     map[string]refreshToken
	Hosting     json.RawMessage `json:",omitempty"` // the repositories, a storedHosting; written by the keeper
}

type signIn struct {
	Account string
	Expires time.Time
}

// grant is a person's consent to a client.
type grant struct {
	Account     string
	ClientID    string
	Permissions []string
	At          time.Time
}

type code struct {
	Account     string
	ClientID    string
	RedirectURI string // as sent to the authorize page; "" when it was not sent
	Permissions []string
	Challenge   string // PKCE S256; "" when none was sent
	Expires     time.Time
	Spent       bool
}

type accessToken struct {
	Account     string // "" for the app_user of a client_credentials token
	ClientID    string
	Permissions []string
	Expires     time.Time
}

type refreshToken struct {
	Account     string
	ClientID    string
	Permissions []string
	Expires     time.Time // zero means never
}

func digest(bearer string) string {
	sum := sha256.Sum256([]byte(bearer))
	return hex.EncodeToString(sum[:])
}

func loadState(file string) (state, error) {
	st := state{Format: stateFormat}
	if file != "" {
		text, err := os.ReadFile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return st, fmt.Errorf("read the simulator's state: %w", err)
		default:
			if err := json.Unmarshal(text, &st); err != nil {
				return st, fmt.Errorf("the simulator's state file %s cannot be read (remove it to start afresh): %w", file, err)
			}
			if st.Format != stateFormat {
				return st, fmt.Errorf("the simulator's state file %s has format %d, this version reads %d (remove it to start afresh)", file, st.Format, stateFormat)
			}
		}
	}
	if st.SignIns == nil {
		st.SignIns = map[string]signIn{}
	}
	if st.Codes == nil {
		st.Codes = map[string]code{}
	}
	if st.Access == nil {
		st.Access = map[string]accessToken{}
	}
	if st.Refresh == nil {
		st.Refresh = map[string]refreshToken{}
	}
	return st, nil
}

// look reads the state. f must not keep anything of it.
func (s *Sim) look(f func(*state)) {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	f(&s.state)
}

// change alters the state and stores it. f either alters nothing and returns an error, or alters and returns nil.
func (s *Sim) change(f func(*state) error) error {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	if err := f(&s.state); err != nil {
		return err
	}
	s.state.forgetOld(s.clock())
	return s.state.save(s.stateFile)
}

// forgetOld keeps the file bounded. Expired access tokens stay for a day: Bitbucket's answer tells "expired" from "unknown".
func (st *state) forgetOld(now time.Time) {
	for key, v := range st.SignIns {
		if now.After(v.Expires) {
			delete(st.SignIns, key)
		}
	}
	for key, v := range st.Codes {
		if now.After(v.Expires.Add(time.Hour)) {
			delete(st.Codes, key)
		}
	}
	for key, v := range st.Access {
		if now.After(v.Expires.Add(24 * time.Hour)) {
			delete(st.Access, key)
		}
	}
	for key, v := range st.Refresh {
		if !v.Expires.IsZero() && now.After(v.Expires) {
			delete(st.Refresh, key)
		}
	}
}

// save writes a new file beside the old one and renames it: a kill at any moment leaves one whole file.
func (st *state) save(file string) error {
	if file == "" {
		return nil
	}
	indented := *st
	indented.Hosting = nil
	text, err := json.MarshalIndent(indented, "", "\t")
	if err != nil {
		return fmt.Errorf("encode the simulator's state: %w", err)
	}
	if len(st.Hosting) > 0 { // it can be large: put in as it is, not indented again at every sign-in
		text = slices.Concat(bytes.TrimSuffix(text, []byte("\n}")), []byte(",\n\t\"Hosting\": "), st.Hosting, []byte("\n}"))
	}
	next := file + ".next"
	if err := writeOwnerOnly(next, text); err != nil {
		return fmt.Errorf("store the simulator's state: %w", err)
	}
	if err := os.Rename(next, file); err != nil {
		return fmt.Errorf("store the simulator's state: %w", err)
	}
	return nil
}

func writeOwnerOnly(file string, text []byte) (err error) {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := out.Chmod(0o600); err != nil { // an older file may have had another mode
		return err
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	return out.Sync()
}

// dropClientAccess ends every code and token of a client; of one account only, when it is named.
func (st *state) dropClientAccess(clientID, account string) {
	gone := func(c, a string) bool { return c == clientID && (account == "" || a == account) }
	for key, v := range st.Codes {
		if gone(v.ClientID, v.Account) {
			delete(st.Codes, key)
		}
	}
	for key, v := range st.Access {
		if gone(v.ClientID, v.Account) {
			delete(st.Access, key)
		}
	}
	for key, v := range st.Refresh {
		if gone(v.ClientID, v.Account) {
			delete(st.Refresh, key)
		}
	}
}
