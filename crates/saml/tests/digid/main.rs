//! DigiD 3.x and 4.x from both sides: the acceptance cases that need no server, the attacks, foreign
//! signatures, and any bytes at all.

mod any_bytes;
mod attacks;
mod cases_answer;
mod cases_request;
mod common;
mod entrance;
mod logout;
mod metadata;
mod words;
mod xmlsec1;
