// SPDX-License-Identifier: MIT
#include "level.hpp"

namespace game {

const std::vector<Level>& levels() {
  static const std::vector<Level> all = {
      {"The forge",
       1,
       {{"smith",
         "Brannoc",
         "You are Brannoc, a blacksmith of sixty, gruff and kind. Your left hand is burnt; "
         "you never say how.",
         {262, 232},
         {28, 40, 420, 178}},
        {"apprentice",
         "Wick",
         "You are Wick, his apprentice, twelve years old, quick, curious and often wrong.",
         {772, 330},
         {640, 206, 304, 98}}},
       {{0, "What are you working on?"},
        {0, "Who broke this blade?"},
        {1, "Wick, what did you see on the road?"}},
       &paint_forge,
       &paint_forge_moving},
      {"The tavern",
       2,
       {{"innkeeper",
         "Maud",
         "You are Maud, who keeps the inn, hears everything and sells some of it.",
         {330, 238},
         {28, 40, 420, 150}},
        {"bard",
         "Old Finch",
         "You are Old Finch, a bard who remembers every song but the last verse.",
         {748, 318},
         {640, 206, 304, 90}}},
       {{0, "Any news, Maud?"},
        {0, "A bed for the night?"},
        {1, "Do you know the song of the ford?"}},
       &paint_tavern,
       &paint_tavern_moving},
  };
  return all;
}

std::string system_prompt(const Npc& npc) {
  return std::string(
             "You speak for one person in a quiet fantasy game. The village is Emberford, at the "
             "old ford of the river Aske; it is the first night of autumn, and three riders came "
             "through at dusk without a word. Stay in the person. Answer in at most three short "
             "sentences, without stage directions and without markup. ") +
         npc.persona;
}

}  // namespace game
