"""Writes unlabelled English training texts, one a line, from the glosses of WordNet 3.1.

Usage: python corpus.py WORDNET_DICT_FOLDER > texts.txt   (the folder with data.noun and its siblings)

Three kinds: a synset's words and gloss in several forms; runs of neighbouring synsets; walks along the synsets' relations, which read like
paragraphs on one subject. Evaluation collections are not used.
"""
import random
import re
import sys
from pathlib import Path

FILES = (('adj', 'a'), ('adv', 'r'), ('noun', 'n'), ('verb', 'v'))
WALKS = 9000


def read(folder):
    glosses, related = {}, {}
    for name, part in FILES:
        for line in (Path(folder) / f'data.{name}').read_text('latin1').splitlines():
            if line.startswith('  '):
                continue
            head, gloss = line.rstrip().split(' | ', 1)
            f = head.split()
            n = int(f[3], 16)
            words = [re.sub(r'\(.*\)', '', f[4 + 2 * i]).replace('_', ' ') for i in range(n)]
            at = 4 + 2 * n
            links = [(f[at + 1 + 4 * i], ('a' if f[at + 3 + 4 * i] == 's' else f[at + 3 + 4 * i], f[at + 2 + 4 * i])) for i in range(int(f[at]))]
            glosses[part, f[0]] = (words, gloss.strip())
            related[part, f[0]] = [key for symbol, key in links if symbol != '!']
    return glosses, related


def single(rng, words, gloss):
    gloss = gloss.replace('"', '')
    r = rng.random()
    return ', '.join(words) + ': ' + gloss if r < .5 else gloss if r < .75 else rng.choice(words) + ' ' + gloss


def runs(rng, glosses):
    at = 0
    while at < len(glosses):
        n = rng.randint(3, 9)
        yield ' '.join((w[0] + ' is ' + g if rng.random() < .5 else g).split(';')[0] + '.' for w, g in glosses[at:at + n])
        at += n


def sentence(rng, words, gloss):
    first, *examples = [piece.strip() for piece in gloss.replace('"', '').split(';')]
    r = rng.random()
    if r < .4:
        return f'{rng.choice(words)} is {first}'
    if r < .6:
        return f'{", ".join(words)}: {first}'
    return rng.choice(examples) if r >= .85 and examples else first


def walks(rng, glosses, related):
    keys, seen_before, made = list(glosses), set(), 0
    while made < WALKS:
        start = rng.choice(keys)
        if start in seen_before and rng.random() < .7:
            continue
        found, front, target = [start], [start], rng.randint(5, 16)
        while len(found) < target and front:
            near = [key for key in related[front.pop(rng.randrange(len(front)))] if key in glosses and key not in found]
            rng.shuffle(near)
            found += near[:4]
            front += near[:4]
        if len(found) < 4:
            continue
        found = found[:target]
        seen_before.update(found)
        made += 1
        parts = [sentence(rng, *glosses[key]) for key in found]
        if rng.random() < .3:
            rng.shuffle(parts)
        yield '. '.join(parts) + '.'


if __name__ == '__main__':
    glosses, related = read(sys.argv[1])
    rng = random.Random(1)
    texts = [single(rng, *g) for g in glosses.values()] + list(runs(rng, list(glosses.values())))
    texts += walks(random.Random(11), glosses, related)
    print('\n'.join(text.replace('\n', ' ').replace('\r', ' ') for text in texts))
