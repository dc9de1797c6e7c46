// Package oidc is the OpenID provider of the hospital: other applications sign people in with Bulwark.
//
// It is small on purpose (decision 0079): the code flow alone, with PKCE S256; pushed requests (RFC 9126), refresh tokens that rotate, logout. There is no implicit, hybrid, password or device flow, no registration by strangers and no
// token that says more than which row of the database it is. Who people are and how well they proved it is asked of package identity.
package oidc
