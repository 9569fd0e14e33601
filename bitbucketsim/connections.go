package bitbucketsim

import "time"

// KillConnections ends every refresh token of a client, of all clients when clientID is "": what a person who revokes the access, a
// regenerated secret or three idle months do. Access tokens live on until they expire. It returns how many there were.
func (s *Sim) KillConnections(clientID string) (killed int, err error) {
	err = s.change(func(st *state) error {
		for key, token := range st.Refresh {
			if clientID == "" || token.ClientID == clientID {
				delete(st.Refresh, key)
				killed++
			}
		}
		return nil
	})
	return killed, err
}

// ExpireAccessTokens makes every access token of a client, of all clients when clientID is "", expire now. Refresh tokens live on.
func (s *Sim) ExpireAccessTokens(clientID string) (expired int, err error) {
	now := s.clock()
	err = s.change(func(st *state) error {
		for key, token := range st.Access {
			if (clientID == "" || token.ClientID == clientID) && now.Before(token.Expires) {
				token.Expires = now.Add(-time.Second)
				st.Access[key] = token
				expired++
			}
		}
		return nil
	})
	return expired, err
}
