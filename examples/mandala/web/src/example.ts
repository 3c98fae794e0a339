/** A goal to look at. Loaded when somebody asks for it. */

import type { SubGoal } from "./model";

export const title = "Run a spring marathon";

/** Eight blocks; what is done is marked with an asterisk. */
const BLOCKS: Record<string, string[]> = {
  Endurance: ["*Long run on Sundays", "*Three easy runs a week", "Add 10 % a week", "30 km by February", "Rest every fourth week", "*Keep a running log", "Run by heart rate", "Night run with the club"],
  Speed: ["*Intervals on Tuesdays", "Hill repeats", "Tempo run at 5:10", "Race a 10 k", "Strides after easy runs", "Half marathon in March", "*Learn the track", "Negative splits"],
  Strength: ["*Core, ten minutes daily", "*Squats twice a week", "*Single-leg balance", "Calf raises", "Yoga on Fridays", "*Foam roller", "Plank for 3 minutes", "Climb stairs at work"],
  Food: ["*Cook on Sundays", "Try gels on long runs", "*Breakfast before runs", "Two litres a day", "No alcohol in April", "Iron and vitamin D", "Carbs before the race", "*Less sugar"],
  Recovery: ["Sleep by 22:30", "*Eight hours a night", "Massage each month", "Stretch after runs", "Hot bath on Sundays", "*A day without running", "Watch resting pulse", "Nap before night runs"],
  Gear: ["*Two pairs of shoes", "*Socks without blisters", "*Running watch", "*Light rain jacket", "*Belt for gels", "*Cap and sunglasses", "*Head torch", "Pack the race bag"],
  Mind: ["Name the reason", "*Tell three friends", "Picture km 35", "Mantra for hills", "*Read a runner's story", "Run without music", "Enjoy bad weather", "Thank the volunteers"],
  "Race day": ["*Register in time", "*Book the hotel", "Study the course", "Train to the start", "Pin the number early", "Start slowly", "Family at km 32", "Smile at the finish"],
};

export const subGoals: SubGoal[] = Object.entries(BLOCKS).map(([block, actions]) => ({
  title: block,
  actions: actions.map((text) => ({ title: text.replace("*", ""), done: text.startsWith("*") })),
}));
